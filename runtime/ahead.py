"""Working ahead: a few items are prepared in threads while the ones before them are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def prepare_ahead(
    prepare: Callable[[Item], Prepared], items: Iterable[Item], *, num_threads: int = 2, num_ahead: int = 3
) -> Iterator[tuple[Item, Callable[[], Prepared]]]:
    """Prepare items in threads, and hand them over in their own order.

    Args:
        prepare: Called in a thread; should spend its time outside of Python's lock, as decoders do.
        items: Taken only as far as is worked ahead.
        num_threads: That prepare at the same time.
        num_ahead: How many items may be prepared or being so, beside the one handed over: what bounds memory.

    Yields:
        Each item, and what returns its preparation, or raises what that raised. When the iteration ends early, what
        is being prepared is waited for and the rest is not begun.
    """
    pool = ThreadPoolExecutor(num_threads, thread_name_prefix="ahead")
    pending: deque[tuple[Item, Future[Prepared]]] = deque()
    try:
        for item in items:
            pending.append((item, pool.submit(prepare, item)))
            if len(pending) > num_ahead:
                first, future = pending.popleft()
                yield first, future.result
        while pending:
            first, future = pending.popleft()
            yield first, future.result
    finally:
        pool.shutdown(cancel_futures=True)
