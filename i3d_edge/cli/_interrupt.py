"""Ctrl-C: also while a C++ library computes, which does not return to Python before it is done."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from i3d_edge.core import progress
from i3d_edge.core.files import remove_unfinished

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""

_GRACE_S = 1.0


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl-C end the process a second later if no KeyboardInterrupt could be raised in the block until then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    was_raised = threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        was_raised.set()
        raise KeyboardInterrupt

    def watch() -> None:
        while number := os.read(read_end, 1):
            is_ours = number[0] == signal.SIGINT and signal.getsignal(signal.SIGINT) is interrupt
            if is_ours and not was_raised.wait(_GRACE_S):
                remove_unfinished()
                progress.clear()
                print("interrupted", file=sys.stderr, flush=True)
                os._exit(INTERRUPTED)

    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    handler, descriptor = signal.signal(signal.SIGINT, interrupt), signal.set_wakeup_fd(write_end)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        signal.signal(signal.SIGINT, handler)
        os.close(write_end)
        watcher.join()
        os.close(read_end)
