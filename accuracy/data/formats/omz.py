"""The JSON that Open Model Zoo's accuracy checker reads for Kinetics; frames lie in `<label>/<id>/image_%05d.jpg`."""

import os
from typing import Any

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource
from i3d_edge.core.errors import ListError
from i3d_edge.core.json_text import parse_object
from i3d_edge.runtime import VIDEO_SUFFIXES

DEFAULT_SPLIT = "validation"


def read_omz(source: ListSource) -> list[ListEntry]:
    """Read the videos of one subset: each a folder of frames, or, where there is none, a file of the same name."""
    document = parse_object(source.text())
    if document is None or not isinstance(document.get("database"), dict):
        raise ListError(f"list {str(source.path)!r} is not Open Model Zoo's annotation: JSON with a 'database'")
    split = source.split or DEFAULT_SPLIT
    database: dict[str, Any] = document["database"]
    entries, splits = [], set()
    for key, value in database.items():
        try:
            subset, label = value["subset"], value.get("annotations", {}).get("label")
        except (KeyError, TypeError, AttributeError):
            raise source.error(f"video {key!r}", "has no subset or no annotations") from None
        if label is not None and not isinstance(label, str):
            raise source.error(f"video {key!r}", f"has a label that is no name: {label!r}")
        splits.add(str(subset))
        if subset == split:
            entries.append(ListEntry(f"video {key!r}", _find(source, key, label), label))
    if not entries:
        raise ListError(
            f"list {str(source.path)!r} has no videos of the subset {split!r}; available: {', '.join(sorted(splits))}"
        )
    return entries


def _find(source: ListSource, key: str, label: str | None) -> str:
    folders = [label, label.replace(" ", "_")] if label else ["test"]
    candidates = [f"{folder}/{key}{suffix}" for suffix in ("", ".mp4") for folder in folders] + [f"{key}.mp4"]
    return next((path for path in candidates if os.path.exists(source.root / path)), candidates[0])


def checker_order(path: str) -> tuple[str, str]:
    """Return what the checker sorts videos by: their names without class, so that "yoga/a.mp4" precedes "archery/b"."""
    name = os.path.basename(path)
    stem, suffix = os.path.splitext(name)
    return (stem if suffix.lower() in VIDEO_SUFFIXES else name), path
