"""The split files of UCF101 and of HMDB51."""

from __future__ import annotations

import re
from pathlib import Path

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource
from i3d_edge.core.errors import ListError

_UCF101 = re.compile(r"(?P<label>[^/\s]+)/(?P<name>v_\S+\.avi)(\s+\d+)?")
_HMDB51_NAME = re.compile(r"(?P<label>.+)_test_split(?P<split>[123])\.txt")
_HMDB51_TEST = "2"


def read_ucf101(source: ListSource) -> list[ListEntry]:
    """Read `testlist01.txt` or `trainlist01.txt`: lines of `Class/v_Class_g01_c01.avi`.

    The folder names the class; the index behind it in training lists, which counts from 1, is not needed.
    """
    entries = []
    for number, line in source.lines():
        if not (match := _UCF101.fullmatch(line)):
            raise source.error(number, f"must be a class folder and a video, as UCF101 writes them; got {line!r}")
        entries.append(ListEntry(f"line {number}", f"{match['label']}/{match['name']}", match["label"]))
    return entries


def is_ucf101(first_line: str) -> bool:
    """Whether a first line is one of UCF101's lists."""
    return _UCF101.fullmatch(first_line.strip()) is not None


def read_hmdb51(source: ListSource) -> list[ListEntry]:
    """Read the test videos of a folder of `<class>_test_split1.txt` files; `split` is 1, 2 or 3.

    Lines are a video and a number: 1 for training, 2 for testing, 0 for neither. Videos lie in class folders.
    """
    split = source.split or "1"
    entries = []
    for path in sorted(source.path.glob("*_test_split?.txt")):
        match = _HMDB51_NAME.fullmatch(path.name)
        if match is None or match["split"] != split:
            continue
        label = match["label"]
        for number, line in ListSource(path, source.root).lines():
            name, _, part = line.rpartition(" ")
            if part not in ("0", "1", _HMDB51_TEST):
                raise ListSource(path, source.root).error(number, f"must be a video and 0, 1 or 2; got {line!r}")
            if part == _HMDB51_TEST:
                entries.append(ListEntry(f"{path.name}, line {number}", f"{label}/{name.strip()}", label))
    if not entries:
        raise ListError(f"folder {str(source.path)!r} holds no <class>_test_split{split}.txt files")
    return entries


def is_hmdb51(folder: Path) -> bool:
    """Whether a folder holds HMDB51's split files."""
    return any(_HMDB51_NAME.fullmatch(path.name) for path in folder.glob("*_test_split?.txt"))
