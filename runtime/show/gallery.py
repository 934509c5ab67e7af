"""Videos side by side that look alike to a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.files import write_text
from i3d_edge.runtime.likeness import NEAR_DUPLICATE, in_order, nearest, units
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.show.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class Item:
    """A video: its name, its class, its embedding, a picture of it, what else is said of it, and its own page."""

    name: str
    label: str
    embedding: Float32Array
    picture: Thumbnail
    text: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """An item among others: the one that is most like it, and the cosine between their embeddings."""

    item: Item
    other: Item
    cosine: float

    @property
    def is_copy(self) -> bool:
        """Whether the two are near-duplicates."""
        return self.cosine >= NEAR_DUPLICATE


def arranged(items: Sequence[Item]) -> list[Placed]:
    """Return at least two items in an order that puts alike ones side by side."""
    rows = units([item.embedding for item in items])
    others, cosines = nearest(rows)
    return [Placed(items[place], items[others[place]], cosines[place]) for place in in_order(rows)]


def write_gallery(items: Sequence[Item], output: Path, *, force: bool = False) -> None:
    """Write a page of at least two videos, alike ones side by side.

    Raises:
        OutputError: If the page exists (without `force`) or cannot be written.
    """
    page = environment().get_template("gallery.html.j2").render(placed=arranged(items))
    write_text(output, page, force=force)
