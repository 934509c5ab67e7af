"""TensorFlow, imported without its start-up chatter; the other files here take it from this one.

Its libraries write to stderr before any Python setting can reach them. So stderr is held back during
the import, and shown only if the import fails or `TF_CPP_MIN_LOG_LEVEL` asks for it.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from i3d_edge.core.dependencies import needed_for

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_STDERR = 2


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    sys.stderr.flush()
    saved = os.dup(_STDERR)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except Exception:  # not an interruption: what it holds explains nothing then
            os.dup2(saved, _STDERR)
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(saved, _STDERR)
            os.close(saved)


# What runs here is the reference that everything else is compared with: on the CPU, as written.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

with needed_for("making or running a TensorFlow graph"):
    if _LOG_LEVEL in os.environ:
        import tensorflow as tf
    else:
        os.environ[_LOG_LEVEL] = "3"  # read once, by the import; not for child processes to inherit
        try:
            with _stderr_held_back():
                import tensorflow as tf
        finally:
            del os.environ[_LOG_LEVEL]
        tf.get_logger().setLevel("ERROR")  # it calls its first version's functions deprecated

__all__ = ["tf"]
