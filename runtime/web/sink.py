"""What the box tells the page and the metrics."""

from pathlib import Path

from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.report import Sink, SourceState
from i3d_edge.runtime.web.feed import Feed
from i3d_edge.runtime.web.metrics import Metrics


class WebSink(Sink):
    """Takes what the box tells, from its threads, and never makes it wait: events for the page, figures for metrics."""

    def __init__(self, state: Path) -> None:
        """Read what is known from before out of the box's folder of state."""
        self.feed, self.metrics = Feed(state), Metrics()
        self._were_up: set[str] = set()

    def answered(self, answer: WindowAnswer) -> None:
        """Take the answer for a window."""
        self.metrics.latency.observe(answer.latency_ms / 1000)
        if answer.inference_ms:
            self.metrics.inference.observe(answer.inference_ms / 1000)

    def happened(self, event: Event) -> None:
        """Take an event."""
        fields = event.to_fields()
        if event.type == "start":
            self.metrics.events.labels(fields.get("camera") or "", event.label).inc()
        self.feed.happened(fields)

    def changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        """Take the new state of a source."""
        if state == "up":
            if camera in self._were_up:
                self.metrics.reconnects.labels(camera).inc()
            self._were_up.add(camera)
