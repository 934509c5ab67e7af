"""Progress on stderr: a bar on a terminal, a plain line every ten seconds elsewhere."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from i3d_edge.core.terminal import own_stderr

Item = TypeVar("Item")

PLAIN_INTERVAL_S = 10.0
_enabled = True


def set_enabled(enabled: bool) -> None:
    """Switch progress on or off for the whole process; the command line's -q and --no-progress."""
    global _enabled
    _enabled = enabled


def is_enabled() -> bool:
    """Return whether progress is reported."""
    return _enabled


@contextmanager
def phase(title: str) -> Iterator[None]:
    """Say what is being done while a block runs: on a terminal until it ends, elsewhere a line that stays."""
    if not _enabled:
        yield
    elif _on_terminal():
        print(f"{title} ...", end="", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            clear()
    else:
        print(title, file=sys.stderr, flush=True)
        yield


def clear() -> None:
    """Take what is shown off the last line of a terminal."""
    if _on_terminal():
        print("\r\x1b[K", end="", file=own_stderr(), flush=True)


def _on_terminal() -> bool:
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def track(items: Iterable[Item], *, total: int, title: str, unit: str) -> Iterator[Item]:
    """Yield the items, reporting how many are done, how many a second, and the time left.

    Example:
        title "scoring", unit "video" -> "scoring: 12/400 1.50video/s left 04:18".
    """
    if not _enabled:
        yield from items
    elif _on_terminal():
        from tqdm import tqdm  # here and below: it takes long to load

        yield from tqdm(items, total=total, desc=title, unit=unit, file=own_stderr(), leave=False, dynamic_ncols=True)
    else:
        yield from _plain(items, total, title, unit)


def _plain(items: Iterable[Item], total: int, title: str, unit: str) -> Iterator[Item]:
    started = reported = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if done < total and now - reported >= PLAIN_INTERVAL_S:
            from tqdm import tqdm

            reported = now
            meter = tqdm.format_meter(
                done, total, now - started, unit=unit, bar_format="{n_fmt}/{total_fmt} {rate_fmt} left {remaining}"
            )
            print(f"{title}: {meter}", file=sys.stderr, flush=True)
