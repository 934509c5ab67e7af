"""Lists without a header: a path and a class index, or a frame folder, its length and a class index.

MMAction2, GluonCV and PySlowFast write these; the separator is white space or a comma.
"""

from __future__ import annotations

import re

from accuracy.formats.entry import Entry, Source
from runtime import VIDEO_SUFFIXES

_INDEXED = re.compile(r"(?P<path>.+?)(?:\s*,\s*|\s+)(?P<index>\d+)")
_FRAMES = re.compile(r"(?P<path>.+?)(?:\s*,\s*|\s+)(?P<num_frames>\d+)(?:\s*,\s*|\s+)(?P<index>\d+)")


def read_indexed(source: Source) -> list[Entry]:
    """Read lines of a path and a class index."""
    entries = []
    for number, line in source.lines():
        if not (match := _INDEXED.fullmatch(line)):
            raise source.error(
                number,
                f"must be a path and a class index; got {line!r}",
                hint="a list of label names needs a first line with the columns path,label",
            )
        entries.append(Entry(f"line {number}", match["path"], index=int(match["index"])))
    return entries


def read_frames(source: Source) -> list[Entry]:
    """Read lines of a frame folder, its number of frames and a class index."""
    entries = []
    for number, line in source.lines():
        if not (match := _FRAMES.fullmatch(line)):
            raise source.error(number, f"must be a frame folder, its number of frames and a class index; got {line!r}")
        entries.append(
            Entry(f"line {number}", match["path"], index=int(match["index"]), num_frames=int(match["num_frames"]))
        )
    return entries


def is_frames(first_line: str) -> bool:
    """Whether a first line names a frame folder with its length, and not a video with two numbers in its name."""
    match = _FRAMES.fullmatch(first_line.strip())
    return match is not None and not match["path"].lower().endswith(tuple(VIDEO_SUFFIXES))
