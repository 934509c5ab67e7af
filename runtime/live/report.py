"""What is reported of cameras that are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.statistics import Statistics

SourceState = Literal["connecting", "up", "down"]


@dataclass(frozen=True, slots=True)
class LaneReport:
    """One region of a camera: what happened so far, and its newest answer."""

    statistics: Statistics
    latest: WindowAnswer | None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera.

    Attributes:
        state: Of its source.
        since: When that began, in seconds since 1970.
        reason: Why it is so.
        regions: By name; None is the whole picture.
    """

    state: SourceState
    since: float
    reason: str | None
    regions: Mapping[str | None, LaneReport]
