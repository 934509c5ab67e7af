"""The watcher: probabilities of windows in, answers and events out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event, dated
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.smoothing import smoothing_named
from i3d_edge.runtime.live.source import Gap
from i3d_edge.runtime.live.window import StreamWindow
from i3d_edge.runtime.prediction import top_k


class Watcher:
    """Smooths probabilities, and finds events in what an answer records of them.

    Events bear the names of source and region, None for all. Raises LabelError for a label that is not the model's.
    """

    def __init__(self, labels: LabelSet, source: str, options: StreamOptions, *, region: str | None = None) -> None:
        for label in (*options.labels, *options.by_label):
            labels.index(label)
        self._labels, self._options = labels, options
        self._where: dict[str, Any] = {"camera": options.camera or source, "region": region, "source": source}
        self._smoothing = smoothing_named(options.smoothing)
        self._hysteresis = Hysteresis(options)
        self._begins = True

    def answered(
        self, window: StreamWindow, probabilities: Float32Array, latency_ms: float, *, is_live: bool
    ) -> tuple[WindowAnswer, list[Event]]:
        """Take the probabilities, (num_classes,), of the next window; return the answer, and the events it causes.

        Where the source is live, the wall-clock time of the window dates them.
        """
        smoothed = np.round(self._smoothing.update(window.end_s, probabilities).astype(np.float64), 6)
        num_smoothed = max(self._options.num_predictions, int(np.sum(smoothed >= self._options.floor)))
        ranking = top_k(smoothed, self._labels, num_smoothed + 1)
        answer = WindowAnswer(
            **self._where,
            begins=self._begins,
            start_s=round(window.start_s, 3),
            end_s=round(window.end_s, 3),
            end_time=datetime.fromtimestamp(round(window.wall_s, 3), UTC) if is_live else None,
            predictions=top_k(probabilities, self._labels, self._options.num_predictions),
            smoothed=ranking[:num_smoothed],
            left_out=ranking[num_smoothed].prob if len(ranking) > num_smoothed else 0.0,
            probabilities=probabilities,
            latency_ms=round(latency_ms, 3),
        )
        self._begins = False
        return answer, self._hysteresis.update(answer)

    def gap(self, gap: Gap, *, is_live: bool) -> Iterator[Event]:
        """End all actions, forget the windows so far, and yield the gap itself too."""
        yield from self.close()
        self._smoothing.reset()
        start_s, end_s = round(float(gap.start), 3), round(float(gap.end), 3)
        event = Event(type="gap", start_s=start_s, end_s=end_s, reason=gap.reason, **self._where)
        yield dated(event, end_s, gap.wall_s) if is_live else event

    def close(self) -> list[Event]:
        """End all actions."""
        return self._hysteresis.close()
