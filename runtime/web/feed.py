"""The feed: the newest events with their reviews, numbered so that each reader is told what changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from i3d_edge.core.json_text import parse_object
from i3d_edge.core.reading import open_input
from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.record.reviews import REVIEWS, Review, Verdict, append_review, read_reviews

MAX_RECORDS = 1000
_MAX_DAYS = 7
_MAX_BYTES = 1 << 22  # of a day
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
        self._reviews_path = state / REVIEWS
        self._reviews = read_reviews(self._reviews_path)
        for day in sorted((state / "events").glob("????-??-??.jsonl"))[-_MAX_DAYS:]:
            for fields in _newest_objects(day):
                self._note(fields, None)

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
        review = Review(id=event_id, verdict=verdict, time=iso_time(datetime.now(UTC)), label=label)
        append_review(self._reviews_path, review)
        with self._lock:
            self._reviews[event_id] = review
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
        review = self._reviews.get(key)
        return {"verdict": review and review.verdict, "actual": review and review.label}


def _newest_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a file's last 4 MiB, in order; lines that hold none are passed over."""
    with suppress(OSError), open_input(path) as stream:
        start = max(0, os.fstat(stream.fileno()).st_size - _MAX_BYTES)
        stream.seek(start)
        lines = stream.read(_MAX_BYTES).split(b"\n")
        yield from filter(None, map(parse_object, lines[start > 0 :]))
