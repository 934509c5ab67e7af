"""What one server serves: what all routes know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse, Response

from i3d_edge.core.environment import OWN_NAME, versions
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.watch.box import Box
from i3d_edge.runtime.web.access import Access
from i3d_edge.runtime.web.sink import WebSink

VERSION = versions([OWN_NAME]).get(OWN_NAME, "unknown")
_TEMPLATES = environment(__package__)


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

    @property
    def uploads(self) -> Path:
        """A folder for videos while they are looked at, and for pages about them."""
        return self.state / "uploads"


def render(template: str, *, status_code: int = 200, **values: Any) -> Response:
    """Return a page."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status_code)
