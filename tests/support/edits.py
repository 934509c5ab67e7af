"""Documents that were edited by hand: every place of one, and what it becomes with another value there, or none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

GONE = object()
"""Stands for taking a place out."""


def places(part: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place of a document, as the keys and indices that lead there."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


def edited(document: dict[str, Any], place: tuple[Any, ...], replacement: object) -> dict[str, Any]:
    """Return a copy of a document with something else in a place; `GONE` takes it out."""
    made = copy.deepcopy(document)
    part: Any = made
    for key in place[:-1]:
        part = part[key]
    if replacement is GONE:
        del part[place[-1]]
    else:
        part[place[-1]] = replacement
    return made
