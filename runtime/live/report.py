"""What is reported of cameras that are watched, and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.statistics import Statistics

SourceState = Literal["connecting", "up", "down"]


@dataclass(frozen=True, slots=True)
class LaneReport:
    """One region of a camera: what happened so far, and its newest answer."""

    statistics: Statistics
    latest: WindowAnswer | None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera: the state of its source, since when, in seconds since 1970, and why; regions, None for all of it."""

    state: SourceState
    since: float
    reason: str | None
    regions: Mapping[str | None, LaneReport]


class Sink:
    """Is told what happens, from several threads. Must not block and must not raise; by default nothing is done."""

    def answered(self, answer: WindowAnswer) -> None:
        """Take the answer for a window."""

    def happened(self, event: Event) -> None:
        """Take an event."""

    def changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        """Take the new state of a camera's source, and why it is down."""
