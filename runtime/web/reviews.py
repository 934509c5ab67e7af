"""Reviews: what people said of events, appended to a file, of which the last word counts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from i3d_edge.core.files import writing
from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.web.tail import newest_objects

Verdict = Literal["seen", "keep", "wrong"]


class Reviews:
    """The reviews in one file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it is there."""
        self._path, self._lock = path, threading.Lock()
        self._latest = {str(review.get("id")): review for review in newest_objects(path)}

    def of(self, event_id: str) -> Mapping[str, Any]:
        """Return the last review of an event; it is empty if there is none."""
        return self._latest.get(event_id, {})

    def add(self, event_id: str, verdict: Verdict, label: str | None) -> None:
        """Append a review, in one write, so that nobody reads half of it unless the machine stops.

        Raises:
            OutputError: If the disk does not take it.
        """
        review = {"id": event_id, "verdict": verdict, "time": iso_time(datetime.now(UTC))}
        review |= {} if label is None else {"label": label}
        line = json.dumps(review, ensure_ascii=False).encode() + b"\n"
        with self._lock, writing(self._path), open(self._path, "a+b", buffering=0) as file:
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                line = b"\n" + line  # after what a crash cut off
            file.write(line)
            os.fsync(file.fileno())
            self._latest[event_id] = review
