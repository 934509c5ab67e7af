"""A folder for each class, with a video per file, or a folder of frames per video."""

from __future__ import annotations

import os

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource
from i3d_edge.core.errors import ListError
from i3d_edge.runtime import VIDEO_SUFFIXES

_SPLITS = frozenset({"train", "val", "valid", "validate", "validation", "test"})
_IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


def read_class_folders(source: ListSource) -> list[ListEntry]:
    """Read a folder of class folders; a class folder that holds no video is passed over."""
    try:
        return _read(source)
    except OSError as error:
        raise ListError(f"cannot read folder {str(error.filename or source.root)!r}: {error.strerror}") from error


def _read(source: ListSource) -> list[ListEntry]:
    folders = sorted(entry.name for entry in os.scandir(source.root) if os.path.isdir(entry.path))
    if folders and {name.lower() for name in folders} <= _SPLITS:
        raise ListError(
            f"folder {str(source.root)!r} holds splits, not a folder for each class: {', '.join(folders)}",
            hint=f"give one of them: {source.root / folders[-1]}",
        )
    entries = []
    for label in folders:
        for entry in sorted(os.scandir(source.root / label), key=lambda item: item.name):
            path = f"{label}/{entry.name}"
            is_video = os.path.splitext(entry.name)[1].lower() in VIDEO_SUFFIXES
            if (is_video and os.path.isfile(entry.path)) or (os.path.isdir(entry.path) and _holds_images(entry.path)):
                entries.append(ListEntry(f"folder {label!r}", path, label))
    if not entries:
        raise ListError(
            f"folder {str(source.root)!r} holds no class folders with videos",
            hint="one folder per class, named after it, with a video per file",
        )
    return entries


def _holds_images(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.lower().endswith(_IMAGE_SUFFIXES) for entry in entries)
