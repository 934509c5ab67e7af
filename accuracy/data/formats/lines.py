"""Lists without a header: a path and a class index, or a frame folder, its length and a class index.

MMAction2, GluonCV and PySlowFast write these; the separator is white space or a comma. GluonCV's lists of video files
state a length too.
"""

from __future__ import annotations

import os
import re

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource
from i3d_edge.runtime import VIDEO_SUFFIXES

_SHOWN = 120

_NUMBER = r"(?:\s*,\s*|\s+)0*(?P<{}>\d{{1,9}})"
_INDEXED = re.compile(r"(?P<path>.+?)" + _NUMBER.format("index"))
_FRAMES = re.compile(r"(?P<path>.+?)" + _NUMBER.format("num_frames") + _NUMBER.format("index"))


def read_indexed(source: ListSource) -> list[ListEntry]:
    """Read lines of a path and a class index; a video's number of frames between them is not needed."""
    entries = []
    for number, line in source.lines():
        if not (match := _INDEXED.fullmatch(line)):
            raise source.error(
                number,
                f"must be a path and a class index; got {_shown(line)}",
                hint="a list of label names needs a first line with the columns path,label",
            )
        counted = _FRAMES.fullmatch(line)
        if counted and not _is_file(source, match) and (_is_video(counted["path"]) or _is_file(source, counted)):
            match = counted
        entries.append(ListEntry(f"line {number}", match["path"], index=int(match["index"])))
    return entries


def read_frames(source: ListSource) -> list[ListEntry]:
    """Read lines of a frame folder, its number of frames and a class index."""
    entries = []
    for number, line in source.lines():
        if not (match := _FRAMES.fullmatch(line)):
            raise source.error(
                number, f"must be a frame folder, its number of frames and a class index; got {_shown(line)}"
            )
        entries.append(
            ListEntry(f"line {number}", match["path"], index=int(match["index"]), num_frames=int(match["num_frames"]))
        )
    return entries


def is_frames(first_line: str) -> bool:
    """Whether a first line names a frame folder with its length, and not a video with two numbers in its name."""
    match = _FRAMES.fullmatch(first_line.strip())
    return match is not None and not _is_video(match["path"])


def _is_file(source: ListSource, match: re.Match[str]) -> bool:
    return os.path.isfile(source.root / match["path"])


def _is_video(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in VIDEO_SUFFIXES


def _shown(line: str) -> str:
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}...")
