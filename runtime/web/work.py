"""Work that the box does for others besides its own: one thing at a time, while a few wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

Returned = TypeVar("Returned")

_RETRY_AFTER_S = 5


class WorkQueue:
    """A queue with a few places; to be used on one event loop."""

    def __init__(self, num_places: int = 4) -> None:
        self._num_places, self._num_taken = num_places, 0
        self._lock = asyncio.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place, which is taken before a body is read; raises HTTPException, 503, if all are taken."""
        if self._num_taken >= self._num_places:
            raise HTTPException(503, "too much is waiting: try again later", {"Retry-After": str(_RETRY_AFTER_S)})
        self._num_taken += 1
        try:
            yield
        finally:
            self._num_taken -= 1

    async def run(self, work: Callable[[], Returned]) -> Returned:
        """Run something in a thread, after what came before; the caller holds a place."""
        async with self._lock:
            return await run_in_threadpool(work)
