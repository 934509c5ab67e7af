"""What one server serves, and the work that it does for others: what all routes know."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from i3d_edge.core.environment import OWN_NAME, versions
from i3d_edge.runtime.box import Box
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.web.access import Access
from i3d_edge.runtime.web.sink import WebSink

VERSION = versions([OWN_NAME]).get(OWN_NAME, "unknown")
Returned = TypeVar("Returned")

_TEMPLATES = environment(__package__)
_RETRY_AFTER_S = 5


class WorkQueue:
    """Work beside the box's own: one thing at a time, while a few wait; to be used on one event loop."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoLimits:
    """What is taken of videos that are sent: their size, and their length in seconds."""

    max_bytes: int = 200_000_000
    longest_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served: `state` is the box's folder, with the clips in it, and `model` the model's name."""

    box: Box
    sink: WebSink
    state: Path
    model: str
    access: Access
    limits: VideoLimits
    queue: WorkQueue = field(default_factory=WorkQueue)

    @property
    def uploads(self) -> Path:
        """A folder for videos while they are looked at, and for pages about them."""
        return self.state / "uploads"


def render(template: str, *, status_code: int = 200, **values: Any) -> Response:
    """Return a page."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status_code)
