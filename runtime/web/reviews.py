"""Reviews: what people said of events, appended to a file, of which the last word counts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from i3d_edge.core.files import writing
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import open_input
from i3d_edge.runtime.live.event import iso_time

Verdict = Literal["seen", "keep", "wrong"]
_MAX_BYTES = 1 << 22


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


def newest_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a file's last 4 MiB, in order; lines that hold none are passed over.

    A file that cannot be read has none.
    """
    try:
        with open_input(path) as stream:
            start = max(0, os.fstat(stream.fileno()).st_size - _MAX_BYTES)
            stream.seek(start)
            lines = stream.read(_MAX_BYTES).split(b"\n")
    except OSError:
        return
    for line in lines[start > 0 :]:
        try:
            fields = parse_json(line)
        except JSONError:
            continue
        if isinstance(fields, dict):
            yield fields
