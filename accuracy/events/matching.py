"""Which of the found segments are right, and average precision. Pure functions, by ActivityNet's rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.events.segments import Segment
from i3d_edge.core.arrays import FloatArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TIOUS = np.linspace(0.5, 0.95, 10)
"""Temporal intersections over unions from which a found segment is right."""


def tiou(segment: Segment, others: Sequence[Segment]) -> FloatArray:
    """Return the length that a segment shares with each of others, as a fraction of what both cover.

    Example:
        0 .. 4 s and 2 .. 6 s -> 2 / 6.
    """
    starts, ends = np.array([(one.start_s, one.end_s) for one in others], np.float64).reshape(-1, 2).T
    shared = (np.minimum(ends, segment.end_s) - np.maximum(starts, segment.start_s)).clip(0)
    covered = ends - starts + (segment.end_s - segment.start_s) - shared
    fractions: FloatArray = np.divide(shared, covered, out=np.zeros_like(shared), where=covered > 0)
    return fractions


def match(found: Sequence[Segment], true: Sequence[Segment]) -> IntArray:
    """Return which true segment each found one is, shape (tIoUs, found); -1 for none.

    In the order of their scores, each takes the true segment of its video and label with the largest tIoU, if that is
    large enough and no other has taken it.
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, segment in enumerate(true):
        places[segment.video, segment.label].append(place)
    matched = np.full((len(TIOUS), len(found)), -1)
    taken = np.zeros((len(TIOUS), len(true)), bool)
    for number in np.argsort([-segment.score for segment in found], kind="stable"):
        segment = found[number]
        own = places.get((segment.video, segment.label), [])
        overlaps = tiou(segment, [true[place] for place in own])
        for candidate in np.argsort(overlaps, kind="stable")[::-1]:
            place = own[candidate]
            takes = (overlaps[candidate] >= TIOUS) & ~taken[:, place] & (matched[:, number] < 0)
            matched[takes, number], taken[takes, place] = place, True
    return matched


def average_precision(is_right: BoolArray, weights: FloatArray, num_true: float) -> FloatArray:
    """Return the interpolated average precision of one label, shape (tIoUs,).

    Args:
        is_right: Of each found segment, the highest score first, shape (tIoUs, found).
        weights: How often each counts, shape (found,).
        num_true: True segments, above 0.
    """
    right, all_found = np.cumsum(is_right * weights, axis=1), np.cumsum(weights)
    precision = np.divide(right, all_found, out=np.zeros_like(right), where=all_found > 0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.sum(np.diff(right, axis=1, prepend=0) * envelope, axis=1) / num_true)
