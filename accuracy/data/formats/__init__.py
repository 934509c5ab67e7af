"""Forms in which data sets come, by name, and which of them a file or folder is."""

import os
from collections.abc import Callable, Mapping

from i3d_edge.accuracy.data.formats import lines, tables
from i3d_edge.accuracy.data.formats.entry import ListEntry as ListEntry
from i3d_edge.accuracy.data.formats.entry import ListSource as ListSource
from i3d_edge.accuracy.data.formats.folders import read_class_folders
from i3d_edge.accuracy.data.formats.omz import read_omz
from i3d_edge.accuracy.data.formats.reviewed import read_reviewed
from i3d_edge.accuracy.data.formats.something import is_something, read_something
from i3d_edge.core.errors import ListError
from i3d_edge.core.json_text import parse_object
from i3d_edge.runtime.record.reviews import REVIEWS

FORMATS: Mapping[str, Callable[[ListSource], list[ListEntry]]] = {
    "path-label": tables.read_path_label,
    "path-index": lines.read_indexed,
    "kinetics": tables.read_kinetics,
    "class-folders": read_class_folders,
    "frame-folders": lines.read_frames,
    "omz": read_omz,
    "something-something": read_something,
    "ucf101": lines.read_ucf101,
    "reviews": read_reviewed,
}
_FIRST_LINES: Mapping[str, Callable[[str], bool]] = {
    "kinetics": tables.is_kinetics,
    "path-label": tables.is_path_label,
    "ucf101": lines.is_ucf101,
    "frame-folders": lines.is_frames,
}
"""What a list's first line is in each format; a list of none is read as "path-index"."""

MANIFEST_KEY = "manifest_version"  # by which JSON says that it is a manifest
HAVE_SPLITS = ("path-label", "kinetics", "omz")  # formats of which `ListSource.split` picks a part
HAVE_INDICES = ("path-index", "frame-folders")  # formats for which `ListSource.classes` says what class indices mean


def sniff(source: ListSource) -> str:
    """Return the name of a list's or folder's format; raises ListError if it is of none."""
    if os.path.isdir(source.path):
        return "reviews" if (source.path / REVIEWS).is_file() else "class-folders"
    text = source.text()
    if is_something(text):
        return "something-something"
    if text.lstrip().startswith("{") or source.path.suffix.lower() == ".json":
        document = parse_object(text) or {}
        if "database" in document:
            return "omz"
        if tables.is_kinetics_json(document):
            return "kinetics"
        if MANIFEST_KEY in document:
            raise ListError(
                f"data set {str(source.path)!r} is a manifest: its videos are chosen already",
                hint="`i3d accuracy run` takes it as it is",
            )
        raise ListError(
            f"list {str(source.path)!r} is JSON, but no manifest, nor Kinetics', Open Model Zoo's or "
            "Something-Something's annotation"
        )
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    return next((name for name, matches in _FIRST_LINES.items() if matches(first_line)), "path-index")
