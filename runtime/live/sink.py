"""Who is told of cameras."""

from __future__ import annotations

from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.report import SourceState


class Sink:
    """Is told what happens, from several threads. Must not block and must not raise; by default nothing is done."""

    def answered(self, answer: WindowAnswer) -> None:
        """Take the answer for a window."""

    def happened(self, event: Event) -> None:
        """Take an event."""

    def changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        """Take the new state of a camera's source, and why it is down."""
