"""Videos side by side that look alike to a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.files import write_text
from i3d_edge.runtime.likeness import NEAR_DUPLICATE, in_order, nearest
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.show.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class Item:
    """A video."""

    name: str
    label: str
    embedding: Float32Array
    picture: Thumbnail
    text: str = ""  # what else is said of it
    href: str = ""  # its own page


@dataclass(frozen=True, slots=True)
class Placed:
    """A video among others: the one that is most like it, and the cosine between their embeddings."""

    item: Item
    other: Item
    cosine: float

    @property
    def is_copy(self) -> bool:
        """Whether the two are near-duplicates."""
        return self.cosine >= NEAR_DUPLICATE


def arranged(items: Sequence[Item]) -> list[Placed]:
    """Return at least two videos in an order that puts alike ones side by side."""
    rows = np.stack([item.embedding for item in items])
    others, cosines = nearest(rows)
    return [Placed(items[place], items[others[place]], cosines[place]) for place in in_order(rows)]


def write_gallery(items: Sequence[Item], output: Path, *, force: bool = False) -> None:
    """Write a page of at least two videos, alike ones side by side; may raise OutputError."""
    page = environment().get_template("gallery.html.j2").render(placed=arranged(items))
    write_text(output, page, force=force)
