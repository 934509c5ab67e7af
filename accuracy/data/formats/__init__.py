"""Forms in which data sets come, by name, and which of them a file or folder is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from i3d_edge.accuracy.data.formats.entry import ListEntry as ListEntry
from i3d_edge.accuracy.data.formats.entry import ListSource as ListSource
from i3d_edge.accuracy.data.formats.entry import parse_object
from i3d_edge.accuracy.data.formats.folders import read_class_folders
from i3d_edge.accuracy.data.formats.lines import (
    is_frames,
    is_hmdb51,
    is_ucf101,
    read_frames,
    read_hmdb51,
    read_indexed,
    read_ucf101,
)
from i3d_edge.accuracy.data.formats.omz import read_omz
from i3d_edge.accuracy.data.formats.tables import is_kinetics, is_path_label, read_kinetics, read_path_label
from i3d_edge.core.errors import ListError

FORMATS: Mapping[str, Callable[[ListSource], list[ListEntry]]] = {
    "path-label": read_path_label,
    "path-index": read_indexed,
    "kinetics": read_kinetics,
    "class-folders": read_class_folders,
    "frame-folders": read_frames,
    "omz": read_omz,
    "ucf101": read_ucf101,
    "hmdb51": read_hmdb51,
}

MANIFEST_KEY = "manifest_version"
"""By which JSON says that it is a manifest."""
HAVE_SPLITS = ("path-label", "kinetics", "omz", "hmdb51")
"""Formats of which `ListSource.split` picks a part."""
HAVE_INDICES = ("path-index", "frame-folders")
"""Formats for which `ListSource.classes` says what class indices mean."""


def sniff(source: ListSource) -> str:
    """Return the name of a source's format, from what a folder holds or from a list's first line.

    Raises:
        ListError: If it is a text file of none, or no text file.
    """
    if os.path.isdir(source.path):
        return "hmdb51" if is_hmdb51(source.path) else "class-folders"
    text = source.text()
    if text.lstrip().startswith("{"):
        document = parse_object(text)
        if document is not None and "database" in document:
            return "omz"
        if document is not None and MANIFEST_KEY in document:
            raise ListError(
                f"data set {str(source.path)!r} is a manifest: its videos are chosen already",
                hint="`i3d accuracy run` takes it as it is",
            )
        raise ListError(f"list {str(source.path)!r} is JSON, but neither a manifest nor Open Model Zoo's annotation")
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    for name, matches in (
        ("kinetics", is_kinetics),
        ("path-label", is_path_label),
        ("ucf101", is_ucf101),
        ("frame-folders", is_frames),
    ):
        if matches(first_line):
            return name
    return "path-index"
