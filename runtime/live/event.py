"""Events: an action starts, goes on and ends; a part of the stream is missing."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, Literal

from i3d_edge.runtime.live.rules import Severity

EventType = Literal["start", "update", "end", "gap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, and when in the stream.

    Attributes:
        type: "start": an action has started; "update": it goes on; "end": it has ended; "gap": a part of the stream is
            missing.
        id: Of an action, the same from its start to its end; see `event_id`.
        camera: Which one; by default the source.
        region: The part of the picture that was watched; None for all of it.
        severity: Of an action.
        label, index: The action; None for a gap.
        start_s: Stream time at which its first window starts.
        end_s: Stream time at which its last window ends; None while the action continues.
        probability: The highest smoothed probability so far; None for a gap.
        reason: Why there is a gap; None for an action.
        source: The stream, without credentials.
        latency_ms: From the arrival of its window's last frame to this event; None for gaps, and for actions that end
            with the stream.
        start_time, end_time: The same instants on the wall clock; None unless the source is live.
    """

    type: EventType
    id: str | None = None
    camera: str | None = None
    region: str | None = None
    severity: Severity | None = None
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
        """Return JSON values, seconds to three digits and times as ISO 8601; without what does not apply."""
        own = {"id": self.id, "camera": self.camera, "region": self.region, "severity": self.severity}
        fields: dict[str, Any] = {"type": self.type, **{name: own[name] for name in own if own[name] is not None}}
        if self.label is not None:
            fields |= {"label": self.label, "index": self.index}
        fields |= {"start_s": _rounded(self.start_s), "end_s": _rounded(self.end_s)}
        if self.probability is not None:
            fields["probability"] = round(self.probability, 6)
        if self.reason is not None:
            fields["reason"] = self.reason
        if self.start_time is not None:
            fields |= {"start_time": iso_time(self.start_time), "end_time": iso_time(self.end_time)}
        fields |= {"source": self.source, "latency_ms": _rounded(self.latency_ms)}
        return fields

    def to_json(self) -> str:
        """Return its fields as one line of JSON."""
        return json.dumps(self.to_fields(), ensure_ascii=False)


def iso_time(time: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC with milliseconds, for instance "2026-03-01T12:00:00.250Z"."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def event_id(event: Event) -> str:
    """Return an identifier that sorts by time, from an event's own fields alone: "1772366407.250-1c0f42ae".

    That is when it started, in seconds since 1970 or else of stream time, and a hash of camera, region and label.
    """
    start_s = event.start_s if event.start_time is None else event.start_time.timestamp()
    what = json.dumps([event.camera, event.region, event.label])
    return f"{start_s:014.3f}-{blake2s(what.encode(), digest_size=4).hexdigest()}"


def dated(event: Event, time_s: float, wall_s: float) -> Event:
    """Give an event its wall-clock times, by an instant of stream time near it that is `wall_s` seconds since 1970."""

    def at(instant_s: float | None) -> datetime | None:
        return None if instant_s is None else datetime.fromtimestamp(round(wall_s + instant_s - time_s, 3), UTC)

    return replace(event, start_time=at(event.start_s), end_time=at(event.end_s))
