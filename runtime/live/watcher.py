"""The watcher: probabilities of windows in, events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.event import Event, dated
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.smoothing import smoothing_named
from i3d_edge.runtime.live.source import Gap
from i3d_edge.runtime.live.window import StreamWindow


class Watcher:
    """Smooths probabilities, finds where actions begin and end, and dates both."""

    def __init__(self, labels: LabelSet, source: str, options: StreamOptions) -> None:
        """Begin with no windows; arguments and errors are those of `Hysteresis`."""
        self._source = source
        self._smoothing = smoothing_named(options.smoothing)
        self._hysteresis = Hysteresis(labels, source, options)
        self._anchor: tuple[float, float] | None = None
        self._start_times: dict[int | None, datetime | None] = {}

    def answered(
        self, window: StreamWindow, probabilities: Float32Array, latency_ms: float, *, is_live: bool
    ) -> tuple[Float32Array, list[Event]]:
        """Take the answer for a window.

        Args:
            window: Later than those before.
            probabilities: What the model says of it, shape (num_classes,).
            latency_ms: Of the answer, for its events.
            is_live: Whether its wall-clock time dates events.

        Returns:
            The smoothed probabilities, shape (num_classes,), and the events that they cause.
        """
        self._anchor = (window.end_s, window.wall_s) if is_live else None
        smoothed = self._smoothing.update(window.end_s, probabilities)
        found = self._hysteresis.update(window.start_s, window.end_s, smoothed)
        return smoothed, list(self._dated(replace(event, latency_ms=latency_ms) for event in found))

    def gap(self, gap: Gap, *, is_live: bool) -> Iterator[Event]:
        """End all actions, forget the windows so far, and yield the gap itself too."""
        yield from self.close()
        self._smoothing.reset()
        start_s, end_s = float(gap.start), float(gap.end)
        event = Event(type="gap", start_s=start_s, end_s=end_s, reason=gap.reason, source=self._source)
        yield dated(event, end_s, gap.wall_s) if is_live else event

    def close(self) -> Iterator[Event]:
        """End all actions."""
        yield from self._dated(self._hysteresis.close())

    def _dated(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if self._anchor is None:
                yield event
                continue
            event = dated(event, *self._anchor)
            if event.type == "start":
                self._start_times[event.index] = event.start_time
            else:
                # Clocks drift and frames jitter; the start time stays as it was reported.
                event = replace(event, start_time=self._start_times.pop(event.index))
            yield event
