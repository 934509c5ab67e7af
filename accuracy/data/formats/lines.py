"""Lists without a header, each line of which matches a pattern: of MMAction2, GluonCV, PySlowFast and UCF101.

MMAction2, GluonCV and PySlowFast separate by white space or a comma.
"""

import re
from collections.abc import Callable, Iterator

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, is_video
from i3d_edge.core.text import shown

_PATH = r"(?P<quote>\"?)(?P<path>.+?)(?P=quote)"
_NUMBER = r"(?:\s*,\s*|\s+)0*(?P<{}>\d{{1,9}})"
_INDEXED = re.compile(_PATH + _NUMBER.format("index"))
_FRAMES = re.compile(_PATH + _NUMBER.format("num_frames") + _NUMBER.format("index"))
_UCF101 = re.compile(r"(?P<path>(?P<label>[^/\s]+)/v_\S+\.avi)(\s+\d+)?")

_Matcher = Callable[[str], re.Match[str] | None]


def read_indexed(source: ListSource) -> list[ListEntry]:
    """Read lines of a path and a class index; GluonCV writes a video's number of frames between them."""
    hint = "the path comes first, then the index; for names, a header says path,label, or is Kinetics' own"
    found = _matches(source, _match_indexed, "a path and a class index", hint)
    return [ListEntry(where, match["path"], index=int(match["index"])) for where, match in found]


def read_frames(source: ListSource) -> list[ListEntry]:
    """Read lines of a frame folder, its number of frames and a class index."""
    found = _matches(source, _FRAMES.fullmatch, "a frame folder, its number of frames and a class index")
    return [
        ListEntry(where, match["path"], None, int(match["index"]), int(match["num_frames"])) for where, match in found
    ]


def read_ucf101(source: ListSource) -> list[ListEntry]:
    """Read `testlist01.txt` or `trainlist01.txt`: lines of `Class/v_Class_g01_c01.avi`.

    The folder names the class; the index behind it in training lists, which counts from 1, is not needed.
    """
    found = _matches(source, _UCF101.fullmatch, "a class folder and a video, as UCF101 writes them")
    return [ListEntry(where, match["path"], match["label"]) for where, match in found]


def is_frames(first_line: str) -> bool:
    """Whether a first line names a frame folder with its length, and not a video with two numbers in its name."""
    match = _FRAMES.fullmatch(first_line.strip())
    return match is not None and not is_video(match["path"])


def is_ucf101(first_line: str) -> bool:
    """Whether a first line is one of UCF101's lists."""
    return _UCF101.fullmatch(first_line.strip()) is not None


def _matches(
    source: ListSource, match_line: _Matcher, what: str, hint: str | None = None
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield where each line is, and its match; refuse a line that has none."""
    for number, line in source.lines():
        match = match_line(line)
        if match is None:
            raise source.error(f"line {number}", f"is not {what}: {shown(line)!r}", hint=hint)
        yield f"line {number}", match


def _match_indexed(line: str) -> re.Match[str] | None:
    counted = _FRAMES.fullmatch(line)
    return counted if counted and is_video(counted["path"]) else _INDEXED.fullmatch(line)
