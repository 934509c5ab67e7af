"""Journal: every event on disk before anybody is told of it, in one file per day."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec

from i3d_edge.core.files import make_folder, visible_names, writing
from i3d_edge.core.json_text import parse_object
from i3d_edge.core.messages import Say
from i3d_edge.core.reading import MAX_LINE_BYTES, open_input, read_lines
from i3d_edge.core.schema import Count
from i3d_edge.core.text import plural, short_reason

MAX_WAITING = 10_000
"""Lines kept in memory while the disk takes none; the next one replaces the oldest."""

RETRY_S = 1.0
"""How often a disk that took none is tried again."""

_BATCH = 500
_FILE = re.compile(r"\d{4}-\d\d-\d\d\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in a journal: the name of a file, and where in it a line begins, or the file ends, in bytes."""

    file: Annotated[str, msgspec.Meta(pattern=rf"^{_FILE.pattern}$")]
    offset: Count


class Journal:
    """Appends events to files that other threads read on, one a day in UTC: 2026-03-01.jsonl.

    One process at a time may write a folder.

    Attributes:
        end: Where the next line will be; what lies before it is on disk for good.
        changed: Guards `end`, and is notified when it moves.
        num_lost: Events that came while the disk was full and too many waited.
    """

    end: Cursor
    _line_end: bytes

    def __init__(self, folder: Path, *, say: Say, keep_days: int = 30) -> None:
        """Open the journal; a last line that a crash has cut off is ended, and no reader will see it.

        Files of days before the last `keep_days` are deleted, whether all their events were delivered or not.

        Raises:
            OutputError: If the folder cannot be written.
        """
        make_folder(folder)
        self.folder, self.changed, self.num_lost = folder, threading.Condition(), 0
        self._say, self._keep_days = say, keep_days
        self._waiting: deque[bytes] = deque()
        self._is_full = False
        with writing(folder):
            self._open(max([_today(), *self.names()]))

    @property
    def start(self) -> Cursor:
        """Where the oldest event is."""
        return Cursor(self.names()[0], 0)

    def names(self) -> list[str]:
        """Return the names of the files, oldest first."""
        return [name for name in visible_names(self.folder) if _FILE.fullmatch(name)]

    def append(self, line: str) -> None:
        """Append an event, which is on disk when this returns, unless the disk is full; then it waits in memory."""
        with self.changed:
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self.num_lost += 1
            self._waiting.append(line.encode(errors="replace") + b"\n")
            self._write_waiting()

    def read(self, cursor: Cursor) -> tuple[str | None, Cursor]:
        """Return the next event from a place on, None if there is none, and the place behind it; may raise OSError."""
        while cursor < self.end:
            data = b""
            with suppress(FileNotFoundError), open_input(self.folder / cursor.file) as file:
                file.seek(cursor.offset)
                data = file.readline(MAX_LINE_BYTES)
            if not data:
                later = (name for name in self.names() if name > cursor.file)
                cursor = Cursor(next(later, self.end.file), 0) if cursor.file < self.end.file else self.end
                continue
            cursor = Cursor(cursor.file, cursor.offset + len(data))
            if parse_object(data):
                return data.decode().removesuffix("\n"), cursor
        return None, cursor

    def count(self, cursor: Cursor) -> int:
        """Return how many lines there are from a place on."""
        num_lines = 0
        for name in self.names():
            if name >= cursor.file:
                with suppress(FileNotFoundError), open_input(self.folder / name) as file:
                    file.seek(cursor.offset if name == cursor.file else 0)
                    num_lines += sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
        return num_lines

    def end_unended(self, reason: str) -> list[str]:
        """Append an end for each action that started and did not end, because the process was killed; return them.

        It says when the action started, and a reason in place of when it ended, which nobody knows.

        Raises:
            OSError: If a file cannot be read.
        """
        started: dict[Any, dict[str, Any]] = {}
        for name in self.names():
            with open_input(self.folder / name) as file:
                for data in read_lines(file):
                    fields = parse_object(data) or {}
                    if fields.get("type") == "start":
                        started[fields.get("id")] = fields
                    elif fields.get("type") == "end":
                        started.pop(fields.get("id"), None)
        end = {"type": "end", "end_s": None, "latency_ms": None, "reason": reason}
        lines = [json.dumps({**fields, **end}, ensure_ascii=False) for fields in started.values()]
        for line in lines:
            self.append(line)
        return lines

    def close(self) -> None:
        """Try once more to write what waits; what does not fit is lost. Nothing may be appended any more."""
        with self.changed:
            self._write_waiting()
            self._is_full = False
            if self._waiting:
                self.num_lost += len(self._waiting)
                self._say(f"{plural(len(self._waiting), 'event')} could not be written to {str(self.folder)!r}")
            self._waiting.clear()
            self._file.close()

    def _write_waiting(self) -> None:
        try:
            while batch := list(islice(self._waiting, _BATCH)):
                self._write(b"".join(batch))
                for _ in batch:
                    self._waiting.popleft()
        except OSError as error:
            if not self._is_full:
                reason = short_reason(error)
                self._say(f"cannot write events to {str(self.folder)!r} ({reason}); up to {MAX_WAITING:,} are kept")
                self._is_full = True
                self._retry_later()
        else:
            if self._is_full:
                self._say(f"events are written to {str(self.folder)!r} again; {self.num_lost:,} lost")
            self._is_full = False

    def _retry_later(self) -> None:
        timer = threading.Timer(RETRY_S, self._retry)
        timer.daemon = True
        timer.start()

    def _retry(self) -> None:
        with self.changed:
            if self._is_full:
                self._write_waiting()
            if self._is_full:
                self._retry_later()

    def _write(self, lines: bytes) -> None:
        """Write lines for good, or not at all."""
        # A clock that is put back goes on in the newest file: readers never go back.
        if (name := max(_today(), self.end.file)) != self.end.file:
            self._file.close()
            self._open(name)
        data = self._line_end + lines
        try:
            if self._file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(self.end.offset)
            raise
        self.end, self._line_end = Cursor(name, self.end.offset + len(data)), b""
        self.changed.notify_all()

    def _open(self, name: str) -> None:
        self._file = (self.folder / name).open("a+b", buffering=0)
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - 1))
        self._line_end = b"" if self._file.read(1) in (b"", b"\n") else b"\n"
        self.end = Cursor(name, size)
        oldest = date.fromisoformat(_today()[:10]) - timedelta(self._keep_days)
        for old in self.names():
            if old < min(oldest.isoformat(), name):
                (self.folder / old).unlink(missing_ok=True)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
