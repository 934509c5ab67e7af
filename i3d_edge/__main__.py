"""`i3d` and `python -m i3d_edge`."""

import sys


def run() -> None:
    """Run the command line, in which Ctrl-C is no error, not even while it is being loaded."""
    try:
        from i3d_edge.cli import main

        main(prog_name="i3d")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    run()
