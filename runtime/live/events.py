"""Events: an action begins, an action ends, a stretch of the stream is missing."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from i3d_edge.core.labels import LabelSet

Float32Array = npt.NDArray[np.float32]

EventType = Literal["start", "end", "gap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, and when in the stream.

    Attributes:
        type: "start": an action goes on; "end": it ended, and this is all of it; "gap": nothing is known of a
            stretch of the stream.
        label, index: The action; None for a gap.
        start_s: Stream time at which the first window begins that counts for it.
        end_s: Stream time at which the last window ends that counts for it; None while it goes on.
        probability: The highest smoothed probability so far; None for a gap.
        reason: Why there is a gap; None for an action.
        source: The stream, without credentials.
        latency_ms: From the arrival of the last frame of the window that decided it, to this event; None where no
            window did: for a gap, and for what ends because the stream does.
        start_time, end_time: The same instants on the wall clock; None unless the source is live.
    """

    type: EventType
    start_s: float
    end_s: float | None
    source: str
    label: str | None = None
    index: int | None = None
    probability: float | None = None
    reason: str | None = None
    latency_ms: float | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None

    def to_fields(self) -> dict[str, Any]:
        """Return plain JSON values, seconds to three digits and times as ISO 8601; what does not apply is left out."""
        fields: dict[str, Any] = {"type": self.type}
        if self.label is not None:
            fields |= {"label": self.label, "index": self.index}
        fields |= {"start_s": _rounded(self.start_s), "end_s": _rounded(self.end_s)}
        if self.probability is not None:
            fields["probability"] = round(self.probability, 6)
        if self.reason is not None:
            fields["reason"] = self.reason
        if self.start_time is not None:
            fields |= {"start_time": iso_time(self.start_time), "end_time": iso_time(self.end_time)}
        return {**fields, "source": self.source, "latency_ms": _rounded(self.latency_ms)}

    def to_json(self) -> str:
        """Return the event as one line of JSON."""
        return json.dumps(self.to_fields(), ensure_ascii=False)


def iso_time(time: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC with milliseconds, for instance "2026-03-01T12:00:00.250Z"."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


@dataclass(slots=True)
class _Action:
    start_s: float
    end_s: float
    peak: float
    is_told: bool = False


class Hysteresis:
    """Finds actions in smoothed probabilities: one begins at `on` or above and ends below `off`.

    What lies between the two changes nothing, so a probability that wavers around one of them is one action. An
    action spans the windows that count for it, from the beginning of the first to the end of the last. It is told
    once it lasts `min_duration_s`, and its end is told if it was.

    Example:
        on 0.5, off 0.3, windows of 3 s every second: 0.2, 0.6, 0.4, 0.2 -> starts with the second window, at 1 s;
        the third still counts; the fourth ends it, at 2 + 3 = 5 s.
    """

    def __init__(
        self,
        labels: LabelSet,
        source: str,
        *,
        on: float = 0.5,
        off: float = 0.3,
        min_duration_s: float = 0.0,
        only: Collection[int] = (),
    ) -> None:
        """Begin with no action going on.

        Args:
            labels: One per class.
            source: The stream's name, for the events.
            on: From 0 to 1.
            off: At most `on`.
            min_duration_s: See the class.
            only: Indices of the classes to watch; empty for all.

        Raises:
            ValueError: If `on` and `off` are not as said.
        """
        check_thresholds(on, off)
        self._labels, self._source = labels, source
        self._on, self._off, self._min_duration_s = on, off, min_duration_s
        self._watched = np.isin(np.arange(len(labels)), list(only)) if only else np.ones(len(labels), bool)
        self._actions: dict[int, _Action] = {}

    def update(self, start_s: float, end_s: float, probabilities: Float32Array) -> list[Event]:
        """Take a window's smoothed probabilities, shape (num_classes,); return what they begin and end."""
        events = []
        for index in list(self._actions):
            if probabilities[index] < self._off:
                events += self._end(index)
            else:
                action = self._actions[index]
                action.end_s, action.peak = end_s, max(action.peak, float(probabilities[index]))
        for index in np.flatnonzero((probabilities >= self._on) & self._watched).tolist():
            self._actions.setdefault(index, _Action(start_s, end_s, float(probabilities[index])))
        for index, action in self._actions.items():
            if not action.is_told and action.end_s - action.start_s >= self._min_duration_s:
                action.is_told = True
                events.append(self._event("start", index, action, None))
        return events

    def close(self) -> list[Event]:
        """End all that goes on: the stream ends, or has a gap."""
        return [event for index in list(self._actions) for event in self._end(index)]

    def _end(self, index: int) -> list[Event]:
        action = self._actions.pop(index)
        return [self._event("end", index, action, action.end_s)] if action.is_told else []

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


def check_thresholds(on: float, off: float) -> None:
    """Refuse thresholds without an order.

    Raises:
        ValueError: If they are not 0 < off <= on <= 1.
    """
    if not 0 < off <= on <= 1:
        raise ValueError(f"thresholds must be 0 < off <= on <= 1; got off {off:g}, on {on:g}")


def dated(event: Event, time_s: float, wall_s: float) -> Event:
    """Give an event its wall-clock times.

    Args:
        event: Without them.
        time_s: An instant of stream time, near the event.
        wall_s: The same instant in seconds since 1970.
    """

    def at(instant_s: float | None) -> datetime | None:
        return None if instant_s is None else datetime.fromtimestamp(wall_s + instant_s - time_s, UTC)

    return replace(event, start_time=at(event.start_s), end_time=at(event.end_s))
