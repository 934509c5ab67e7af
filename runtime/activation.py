"""Class activation maps: how much each place and moment of a clip speaks for a class.

After its last convolution I3D only averages and adds up, so a class's logit is a sum over the positions of the feature
map. The map is that sum before it is taken: no approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from i3d_edge.core.arrays import Float32Array, FloatArray
from i3d_edge.runtime.prediction import View


def position_shares(size: Sequence[int], kernel: Sequence[int]) -> FloatArray:
    """Return how much each position of a feature map counts in the mean over all windows of an average pool.

    The pool has stride 1 and no padding, so that inner positions are in more windows than outer ones.

    Args:
        size: Of the map: time, height, width.
        kernel: Of the pool, on the same axes.

    Returns:
        Shape `size`, float64, summing to 1.

    Example:
        3 positions, windows of 2 -> [0.25, 0.5, 0.25].
    """
    shares = np.ones(())
    for length, window in zip(size, kernel, strict=True):
        num_windows = length - window + 1
        covered = np.convolve(np.ones(num_windows), np.ones(window))
        shares = np.multiply.outer(shares, covered / (num_windows * window))
    return shares


def activation_map(features: Float32Array, weights: Float32Array, kernel: Sequence[int]) -> Float32Array:
    """Return each position's part of a class's logit; with the bias of the class they sum to the logit.

    Args:
        features: What the pool reads, shape (C, T, H, W).
        weights: Of the class, shape (C,).
        kernel: See `position_shares`.

    Returns:
        Shape (T, H, W), float32, in units of the logit.
    """
    evidence = np.tensordot(weights.astype(np.float64), features, 1)
    return (evidence * position_shares(features.shape[1:], kernel)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where and when a network saw a class in a video.

    Attributes:
        label: The class.
        index: Its number.
        bias: Its logit if nothing were seen.
        views: What the network was shown.
        maps: The map of each, see `activation_map`.
        duration_s: Of the video.
    """

    label: str
    index: int
    bias: float
    views: tuple[View, ...]
    maps: tuple[Float32Array, ...]
    duration_s: float

    @property
    def logit(self) -> float:
        """Of the class, on average over the views."""
        return self.bias + self.evidence(+1) + self.evidence(-1)

    def evidence(self, sign: int) -> float:
        """Return what speaks for the class (+1) or against it (-1), on average over the views."""
        return float(np.mean([sign * (sign * own.astype(np.float64)).clip(0).sum() for own in self.maps]))

    @property
    def peak(self) -> float:
        """The largest absolute value in any map."""
        return max(float(np.abs(own).max()) for own in self.maps)

    @property
    def seen_s(self) -> tuple[float, float]:
        """Where the first view begins and the last one ends, within the video."""
        return min(view.start_s for view in self.views), min(self.duration_s, max(view.end_s for view in self.views))

    def at(self, time_s: float) -> list[tuple[int, Float32Array]]:
        """Return crop and map, shape (H, W), of each view that shows a moment, interpolated between its time steps.

        A view that repeats a short video shows a moment several times.
        """
        found = []
        for view, own in zip(self.views, self.maps, strict=True):
            moment_s = time_s
            while moment_s < view.end_s:
                if moment_s >= view.start_s:
                    place = (moment_s - view.start_s) / (view.end_s - view.start_s) * len(own) - 0.5
                    place = min(max(place, 0.0), len(own) - 1.0)
                    before, share = int(place), np.float32(place % 1)
                    after = own[min(before + 1, len(own) - 1)]
                    found.append((view.crop, (1 - share) * own[before] + share * after))
                moment_s += self.duration_s
        return found
