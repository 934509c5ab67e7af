"""The JSON lists of Something-Something: a video's number, and its class as a template of a sentence."""

from typing import Any

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, video_files
from i3d_edge.core.errors import ListError
from i3d_edge.core.json_text import JSONError, parse_json


def read_something(source: ListSource) -> list[ListEntry]:
    """Read `something-something-v2-validation.json` or alike; videos below the root are called by their number.

    The template "Holding [something]" is the class "Holding something"; the test set has none.
    """
    items, files = _items(source.text()), video_files(source.root)
    if items is None:
        raise ListError(f"list {str(source.path)!r} is not Something-Something's: a JSON list of objects with an 'id'")
    entries = []
    for number, item in enumerate(items, start=1):
        name, template = (item.get("id"), item.get("template", "")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str | int) or not name or not isinstance(template, str):
            raise source.error(f"item {number}", "has no 'id', or a 'template' that is no text")
        label = template.replace("[", "").replace("]", "")
        entries.append(ListEntry(f"item {number}", files.get(str(name), f"{name}.webm"), label or None))
    return entries


def is_something(text: str) -> bool:
    """Whether a text is such a list."""
    return _items(text) is not None


def _items(text: str) -> list[Any] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        items = parse_json(text)
    except JSONError:
        return None
    return items if items and isinstance(items[0], dict) and "id" in items[0] else None
