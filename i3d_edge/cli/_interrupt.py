"""Ctrl-C and SIGTERM: also while a C++ library computes, or a thread waits, which does not return to Python."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from i3d_edge.core import progress
from i3d_edge.core.files import remove_unfinished

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C or SIGTERM ended."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # CI systems and containers send SIGTERM
_SAME_S = 0.5  # timeout(1) sends one twice: to the command, and to its group
_RAISE_S = 1.0
_UNWIND_S = 20.0  # to write what there is, and to deliver events

_first_call: Callable[[int], object] | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt in the block, and end the process if that does not help.

    It ends if nothing could be raised a second later, unless `asked_first`; if the block has not been left 20 s later;
    and when another signal comes after half a second.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    was_heard, was_raised = threading.Event(), threading.Event()

    def interrupt(number: int, _frame: object) -> None:
        was_heard.set()
        if _first_call is not None:
            _first_call(number)
            return
        if not was_raised.is_set():
            was_raised.set()
            raise KeyboardInterrupt

    def watch() -> None:
        first_s = None
        while number := os.read(read_end, 1):
            if number[0] not in _SIGNALS:
                continue
            if first_s is None:
                first_s = time.monotonic()
                for timer in timers:
                    timer.start()
            elif time.monotonic() - first_s > _SAME_S:
                _end()

    def remind() -> None:
        if not was_heard.is_set() and _first_call is None:
            _end()
        print("stopping; Ctrl-C again ends at once", file=sys.stderr, flush=True)

    read_end, write_end = os.pipe()
    if sys.platform != "win32":  # which neither has it nor asks for it
        os.set_blocking(write_end, False)
    timers = (threading.Timer(_RAISE_S, remind), threading.Timer(_UNWIND_S, _end))
    watcher = threading.Thread(target=watch)
    for thread in (*timers, watcher):
        thread.daemon = True
    handlers = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    descriptor = signal.set_wakeup_fd(write_end)
    watcher.start()
    try:
        yield
    except Exception:
        if was_raised.is_set():  # C++ libraries make other errors of it
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(write_end)
        watcher.join()
        os.close(read_end)
        for timer in timers:
            timer.cancel()


@contextmanager
def asked_first(call: Callable[[int], object]) -> Iterator[None]:
    """Within `interruptible`, let the first signal call this with its number, instead of raising KeyboardInterrupt."""
    global _first_call
    before, _first_call = _first_call, call
    try:
        yield
    finally:
        _first_call = before


def _end() -> NoReturn:
    remove_unfinished()
    progress.clear()
    print("interrupted", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)
