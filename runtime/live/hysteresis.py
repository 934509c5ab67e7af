"""Hysteresis: actions found in probabilities, from where they begin to where they end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.event import Event, EventType
from i3d_edge.runtime.live.options import StreamOptions

Float32Array = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Action:
    start_s: float
    end_s: float
    peak: float
    is_reported: bool = False


class Hysteresis:
    """Finds actions in smoothed probabilities: one begins at `on` or above and ends below `off`.

    Values between the two change nothing, so a probability that wavers around one of them is one action. An action
    lasts from the start of its first window to the end of its last one. It is reported once it lasts
    `min_duration_s`; its end is reported only if its start was.

    Example:
        on 0.5, off 0.3, windows of 3 s every second: 0.2, 0.6, 0.4, 0.2 -> starts with the second window, at 1 s;
        the third still counts; the fourth ends it, at 2 + 3 = 5 s.
    """

    def __init__(self, labels: LabelSet, source: str, options: StreamOptions) -> None:
        """Start with no action.

        Args:
            labels: One per class.
            source: The stream's name, for the events.
            options: `on`, `off`, `min_duration_s`, and the `labels` to watch, all if empty.

        Raises:
            LabelError: If a label to watch is not the model's.
        """
        self._labels, self._source, self._options = labels, source, options
        watched = [labels.index(label) for label in options.labels] or range(len(labels))
        self._watched = np.isin(np.arange(len(labels)), list(watched))
        self._actions: dict[int, _Action] = {}

    def update(self, start_s: float, end_s: float, probabilities: Float32Array) -> list[Event]:
        """Take a window's smoothed probabilities, shape (num_classes,); return the events they cause."""
        events = []
        for index in list(self._actions):
            if probabilities[index] < self._options.off:
                events += self._end(index)
            else:
                action = self._actions[index]
                action.end_s, action.peak = end_s, max(action.peak, float(probabilities[index]))
        for index in np.flatnonzero((probabilities >= self._options.on) & self._watched).tolist():
            self._actions.setdefault(index, _Action(start_s, end_s, float(probabilities[index])))
        for index, action in self._actions.items():
            if not action.is_reported and action.end_s - action.start_s >= self._options.min_duration_s:
                action.is_reported = True
                events.append(self._event("start", index, action, None))
        return events

    def close(self) -> list[Event]:
        """End all actions, because the stream ends or has a gap."""
        return [event for index in list(self._actions) for event in self._end(index)]

    def _end(self, index: int) -> list[Event]:
        action = self._actions.pop(index)
        return [self._event("end", index, action, action.end_s)] if action.is_reported else []

    def _event(self, kind: EventType, index: int, action: _Action, end_s: float | None) -> Event:
        return Event(
            type=kind,
            label=self._labels.names[index],
            index=index,
            start_s=action.start_s,
            end_s=end_s,
            probability=action.peak,
            source=self._source,
        )
