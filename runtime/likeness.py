"""Which videos look alike to a network: the cosine between their embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.runtime.prediction import Classification

NEAR_DUPLICATE = 0.97
"""Least cosine of two copies of one recording; see docs/how-to/datasets.md."""


def embedding(answer: Classification) -> Float32Array:
    """Return a video's embedding, shape (C,), of its views by a classifier with the extra "embedding"."""
    return np.asarray(np.mean([view.extras["embedding"] for view in answer.views], axis=0), np.float32)


def units(embeddings: Sequence[Float32Array]) -> Float32Array:
    """Return embeddings as rows of length 1, shape (N, C), float32."""
    rows = np.stack(embeddings)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def nearest(rows: Float32Array) -> tuple[list[int], list[float]]:
    """Return for each of at least two rows of length 1 which other one is nearest, and the cosine between them."""
    found, cosines = [], []
    for place, row in enumerate(rows):
        own = rows @ row
        own[place] = -np.inf
        found.append(int(own.argmax()))
        cosines.append(float(own.max()))
    return found, cosines


def in_order(rows: Float32Array) -> list[int]:
    """Return a chain of rows of length 1: it begins with the one least like all, and goes on to the nearest left."""
    order = [int((rows @ rows.mean(axis=0)).argmin())]
    left = np.ones(len(rows), np.bool_)
    for _ in rows[1:]:
        left[order[-1]] = False
        order.append(int(np.where(left, rows @ rows[order[-1]], -np.inf).argmax()))
    return order


def near_duplicates(rows: Float32Array, least: float = NEAR_DUPLICATE) -> list[tuple[int, int, float]]:
    """Return pairs of rows of length 1 and the cosine between them, where it is `least` or more, the highest first."""
    pairs = []
    for later, row in enumerate(rows):
        cosines = rows[:later] @ row
        pairs += [(int(earlier), later, float(cosines[earlier])) for earlier in np.flatnonzero(cosines >= least)]
    return sorted(pairs, key=lambda pair: -pair[2])
