"""Which videos look alike to a network: the cosine between their embeddings, which are rows of length 1, (N, C)."""

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.runtime.prediction import Classification

NEAR_DUPLICATE = 0.85
"""Least cosine between copies of one recording, as a rule; see docs/how-to/datasets.md."""


def embedding(answer: Classification) -> Float32Array:
    """Return a video's embedding, shape (C,), from the views of a classifier with the extra "embedding"."""
    mean = np.mean([view.extras["embedding"] for view in answer.views], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-30), np.float32)


def in_order(rows: Float32Array) -> list[int]:
    """Return rows as a chain: it begins with the one least like all, and goes on to the nearest that is left."""
    order = [int((rows @ rows.mean(axis=0)).argmin())]
    left = np.ones(len(rows), np.bool_)
    for _ in rows[1:]:
        left[order[-1]] = False
        order.append(int(np.where(left, rows @ rows[order[-1]], -np.inf).argmax()))
    return order


def near_duplicates(rows: Float32Array) -> list[tuple[int, int, float]]:
    """Return pairs of near-duplicates and the cosine between them, the highest first."""
    pairs = []
    for later, row in enumerate(rows):
        cosines = rows[:later] @ row
        pairs += [(int(place), later, float(cosines[place])) for place in np.flatnonzero(cosines >= NEAR_DUPLICATE)]
    return sorted(pairs, key=lambda pair: -pair[2])
