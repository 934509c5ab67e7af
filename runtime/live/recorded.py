"""Recorded answers and events: JSON lines, read without trusting them, and events found in answers again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from i3d_edge.core.errors import RecordError
from i3d_edge.core.reading import open_input, read_lines
from i3d_edge.core.schema import Format
from i3d_edge.runtime.live.answer import SmoothedAnswer
from i3d_edge.runtime.live.event import Event, EventType
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.rules import EventRules

Record = SmoothedAnswer | Event

_MAX_S = 1e9
_YEARS = range(1971, 9000)


class _Line(TypedDict):
    type: NotRequired[Literal["window"] | EventType]


_HINT = "a line that a crash has cut off can be deleted"
_LINE = Format(kind=_Line, noun="record", error=RecordError, hint=_HINT)
_ANSWER = Format(kind=SmoothedAnswer, noun="record", error=RecordError, hint=_HINT)
_EVENT = Format(kind=Event, noun="record", error=RecordError, hint=_HINT)


def read_records(path: Path, *, is_journal: bool = False) -> Iterator[tuple[str, Record]]:
    """Yield what `i3d stream` recorded, answers or events, a line at a time, each with its place for messages.

    Raises RecordError if the file cannot be read, or a line is not as it was written; a journal's is passed over.
    """
    passed_over = (RecordError,) if is_journal else ()
    try:
        with open_input(path) as stream:
            for number, line in enumerate(read_lines(stream), start=1):
                with suppress(*passed_over):
                    if line.strip():
                        yield _record(line, f"{str(path)!r}, line {number}")
    except OSError as error:
        raise RecordError(f"cannot read records {str(path)!r}: {error.strerror}") from error


def _record(line: bytes, place: str) -> tuple[str, Record]:
    row, subject = _LINE.decode(line.rstrip(b"\n"), place), f"record {place}"
    kind: Format[SmoothedAnswer] | Format[Event] = _EVENT if row.get("type", "window") != "window" else _ANSWER
    record = kind.check(row, subject)
    start_s, end_s = record.start_s, record.start_s if record.end_s is None else record.end_s
    if not 0 <= start_s <= end_s <= _MAX_S:
        raise RecordError(f"{subject} lasts from {start_s:g} to {end_s:g} s", hint=_HINT)
    times = (getattr(record, "start_time", None), record.end_time)
    if any(time.tzinfo is None or time.year not in _YEARS for time in times if time is not None):
        raise RecordError(f"{subject} has an impossible time", hint=_HINT)
    return subject, record


def replay(records: Iterable[tuple[str, Record]], rules: Callable[[str | None], EventRules]) -> Iterator[Event]:
    """Yield the events that streams with these rules, by camera, tell, found again in the records of `read_records`.

    Raises RecordError if a camera's answers are out of the order of time, or have too few classes for these rules.
    """
    watched: dict[tuple[str | None, str | None], tuple[Hysteresis, EventRules]] = {}
    until_s: dict[tuple[str | None, str | None], float] = {}
    for subject, record in records:
        key = record.camera, record.region
        if isinstance(record, Event):
            if record.type != "gap":
                raise RecordError(f"{subject} is an event", hint="replay the file that --predictions wrote")
            if key in watched:
                yield from watched[key][0].close()
            yield record
            continue
        if record.begins and key in watched:
            yield from watched.pop(key)[0].close()
        if key not in watched:
            own = rules(record.camera)
            watched[key], until_s[key] = (Hysteresis(own), own), -1.0
        hysteresis, own = watched[key]
        if record.end_s <= until_s[key]:
            raise RecordError(
                f"{subject} is out of order: it ends at {record.end_s:g} s, after one that ends at {until_s[key]:g} s",
                hint="each camera's answers must come in the order of time",
            )
        until_s[key] = record.end_s
        if record.left_out >= own.floor:
            raise RecordError(
                f"{subject} leaves out classes that are as probable as {record.left_out:g}: "
                f"--off cannot be {own.floor:g}",
                hint="raise --off, or record more classes with `i3d stream --top`",
            )
        yield from hysteresis.update(record)
    for hysteresis, _ in watched.values():
        yield from hysteresis.close()
