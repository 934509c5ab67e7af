"""Videos side by side that look alike to a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.files import write_text
from i3d_edge.runtime.likeness import NEAR_DUPLICATE, in_order
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.show.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class Item:
    """A video of the gallery."""

    name: str
    label: str
    embedding: Float32Array
    picture: Thumbnail
    text: str = ""  # what else is said of it
    href: str = ""  # its own page


Placed = tuple[Item, Item, float, bool]
"""A video, the one that is most like it, the cosine between their embeddings, and whether they are near-duplicates."""


def arranged(items: Sequence[Item]) -> list[Placed]:
    """Return at least two videos in an order that puts alike ones side by side."""
    rows = np.stack([item.embedding for item in items])
    placed = []
    for place in in_order(rows):
        cosines = rows @ rows[place]
        cosines[place] = -np.inf
        other, cosine = items[cosines.argmax()], float(cosines.max())
        placed.append((items[place], other, cosine, cosine >= NEAR_DUPLICATE))
    return placed


def write_gallery(items: Sequence[Item], output: Path, *, force: bool = False) -> None:
    """Write a page of at least two videos, alike ones side by side; may raise OutputError."""
    page = environment().get_template("gallery.html.j2").render(placed=arranged(items))
    write_text(output, page, force=force)
