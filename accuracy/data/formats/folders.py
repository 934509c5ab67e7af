"""A folder for each class, with a video per file, or a folder of frames per video."""

import os

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, is_video
from i3d_edge.core.errors import ListError
from i3d_edge.core.files import visible_names
from i3d_edge.core.text import plural
from i3d_edge.runtime.frames.image_series import IMAGE_SUFFIXES

_SPLITS = frozenset({"train", "val", "valid", "validate", "validation", "test"})


def read_class_folders(source: ListSource) -> list[ListEntry]:
    """Read a folder of class folders; a class folder that holds no video is passed over."""
    try:
        return _read(source)
    except OSError as error:
        raise ListError(f"cannot read folder {str(error.filename or source.root)!r}: {error.strerror}") from error


def _read(source: ListSource) -> list[ListEntry]:
    inside = visible_names(source.root)
    folders = [name for name in inside if os.path.isdir(source.root / name)]
    if folders and {name.lower() for name in folders} <= _SPLITS:
        raise ListError(
            f"folder {str(source.root)!r} holds splits, not a folder for each class: {', '.join(folders)}",
            hint=f"give one of them: {source.root / folders[-1]}",
        )
    entries = []
    for label in folders:
        for name in visible_names(source.root / label):
            path = source.root / label / name
            inside_it = visible_names(path) if path.is_dir() else []
            holds_images = any(os.path.splitext(image)[1].lower() in IMAGE_SUFFIXES for image in inside_it)
            if (is_video(name) and path.is_file()) or holds_images:
                entries.append(ListEntry(f"folder {label!r}", f"{label}/{name}", label))
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
