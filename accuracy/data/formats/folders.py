"""A folder for each class, with a video per file, or a folder of frames per video."""

from __future__ import annotations

import os

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, is_video
from i3d_edge.core.errors import ListError
from i3d_edge.core.text import plural

_SPLITS = frozenset({"train", "val", "valid", "validate", "validation", "test"})
_IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


def read_class_folders(source: ListSource) -> list[ListEntry]:
    """Read a folder of class folders; a class folder that holds no video is passed over."""
    try:
        return _read(source)
    except OSError as error:
        raise ListError(f"cannot read folder {str(error.filename or source.root)!r}: {error.strerror}") from error


def _read(source: ListSource) -> list[ListEntry]:
    inside = sorted(entry.name for entry in os.scandir(source.root) if not entry.name.startswith("."))
    folders = [name for name in inside if os.path.isdir(source.root / name)]
    if folders and {name.lower() for name in folders} <= _SPLITS:
        raise ListError(
            f"folder {str(source.root)!r} holds splits, not a folder for each class: {', '.join(folders)}",
            hint=f"give one of them: {source.root / folders[-1]}",
        )
    entries = []
    for label in folders:
        for entry in sorted(os.scandir(source.root / label), key=lambda item: item.name):
            path = f"{label}/{entry.name}"
            is_folder = os.path.isdir(entry.path) and not entry.name.startswith(".")
            if (is_video(entry.name) and os.path.isfile(entry.path)) or (is_folder and _holds_images(entry.path)):
                entries.append(ListEntry(f"folder {label!r}", path, label))
    if not entries:
        flat = sum(map(is_video, inside))
        raise ListError(
            f"folder {str(source.root)!r} holds no class folders with videos",
            hint=f"{plural(flat, 'video')} of unknown class: give a list that says it, such as Kinetics' own CSV, and "
            f"--videos {source.root}"
            if flat
            else "one folder per class, named after it, with a video per file",
        )
    return entries


def _holds_images(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.lower().endswith(_IMAGE_SUFFIXES) and not entry.name.startswith(".") for entry in entries)
