"""`i3d` and `python -m i3d_edge`."""

import os
import sys


def run() -> None:
    """Run the command line, in which Ctrl-C is no error, not even while it is being loaded."""
    try:
        from i3d_edge.cli import main

        main(prog_name="i3d")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        os._exit(130)
    except SystemExit as error:
        if error.code == 130:  # Python would wait for threads, of which one may be stuck
            sys.stdout.flush()
            os._exit(130)
        raise


if __name__ == "__main__":
    run()
