"""The feed: the newest events with their reviews, numbered so that each reader is told what changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.web.reviews import Reviews, Verdict, newest_objects

MAX_RECORDS = 1000
_MAX_DAYS = 7
_KEPT = ("id", "camera", "region", "severity", "label", "probability", "reason", "type")


class Feed:
    """The newest events. Thread-safe.

    A record is an event's latest fields, and: `key`, which tells it from others; `time` and `end`, on the wall clock,
    as ISO 8601, None where not known; `verdict` and `actual`, of its review; `number`, higher with every change.
    """

    def __init__(self, state: Path) -> None:
        """Read the events of the last days, and their reviews, from the box's folder of state."""
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Any]] = {}
        self._number = 0
        self._reviews = Reviews(state / "reviews.jsonl")
        for day in sorted((state / "events").glob("????-??-??.jsonl"))[-_MAX_DAYS:]:
            for fields in newest_objects(day):
                self._note(fields, None)
        for record in self._records.values():
            if record["type"] in ("start", "update"):  # the box that would have ended it is gone
                record |= {"type": "end", "reason": "the watch was interrupted"}

    def happened(self, fields: Mapping[str, Any]) -> None:
        """Take an event, as the fields of its JSON."""
        self._note(fields, iso_time(datetime.now(UTC)))

    def review(self, event_id: str, verdict: Verdict, label: str | None) -> None:
        """Take a review.

        Raises:
            KeyError: If no such event is known.
            OutputError: If it cannot be written.
        """
        _ = self._records[event_id]
        self._reviews.add(event_id, verdict, label)
        with self._lock:
            self._put(event_id, self._records.pop(event_id) | self._reviewed(event_id))

    def since(self, number: int) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of the last change, and the records that changed after `number`, -1 for all, by change."""
        if number == self._number:
            return number, []
        with self._lock:
            return self._number, [record for record in self._records.values() if record["number"] > number]

    def _note(self, fields: Mapping[str, Any], now: str | None) -> None:
        with self._lock:
            key = str(fields.get("id") or f"{fields.get('type')} {self._number}")
            old = self._records.pop(key, {})
            record = old | {name: fields.get(name) for name in _KEPT}
            record |= {"key": key, "time": old.get("time") or fields.get("start_time") or now}
            record["end"] = fields.get("end_time") or (now if fields.get("type") in ("end", "gap") else None)
            self._put(key, record | self._reviewed(key))
            if len(self._records) > MAX_RECORDS:
                del self._records[next(iter(self._records))]

    def _put(self, key: str, record: dict[str, Any]) -> None:
        self._number += 1
        self._records[key] = record | {"number": self._number}

    def _reviewed(self, key: str) -> dict[str, Any]:
        review = self._reviews.of(key)
        return {"verdict": review.get("verdict"), "actual": review.get("label")}
