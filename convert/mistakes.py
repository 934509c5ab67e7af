"""The classic mistakes of feeding a video network, and how to tell which one was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.normalisation import bounds, denormalised
from i3d_edge.core.port import Port

Mistake = Callable[[Float32Array], Float32Array]

_SAME = 0.05
"""Two clips are the same when they differ, on average, by at most this fraction of their spread."""
_MATCHES = 0.9
_STEP = 1.02
_NUM_STEPS = 40
_FINE_STEP = 1.005
_SMALL = 112


def _confuse_layout(clip: Float32Array, *, memory: str, taken_for: str) -> Float32Array:
    """Return what is seen when values that lie in memory in one order of axes are taken for another."""
    lengths = dict(zip("NDHWC", clip.shape, strict=True))
    values = np.ascontiguousarray(clip.transpose(["NDHWC".index(axis) for axis in memory]))
    return values.reshape([lengths[axis] for axis in taken_for]).transpose([taken_for.index(axis) for axis in "NDHWC"])


def mistakes(port: Port) -> Mapping[str, Mistake]:
    """Return the mistakes by name: what the network sees by each, of what it should see.

    Both are clips, (N, D, H, W, C), float32, normalised as the port says.
    """
    lowest, highest = bounds(port)
    right = f"[{lowest:.4g}, {highest:.4g}]"
    other = "RGB" if port.colour_order == "BGR" else "BGR"
    found: dict[str, Mistake] = {
        f"channels swapped: {other} instead of {port.colour_order}": lambda clip: clip[..., ::-1]
    }
    if right != "[0, 1]":
        found[f"range [0, 1] instead of {right}"] = lambda clip: denormalised(clip, port) / np.float32(255)
    if right != "[0, 255]":
        found[f"range [0, 255] instead of {right}"] = lambda clip: denormalised(clip, port)
    return found | {
        "NCDHW fed as NDCHW": partial(_confuse_layout, memory="NCDHW", taken_for="NDCHW"),
        "NDCHW fed as NCDHW": partial(_confuse_layout, memory="NDCHW", taken_for="NCDHW"),
        "frames reversed": lambda clip: clip[:, ::-1],
    }


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the picture of one clip lies in another's.

    Attributes:
        correlation: Of the two pictures as they are, in [-1, 1].
        best_correlation: When one is scaled about its centre to fit the other.
        width, height: How many times as much of the scene the second shows.
    """

    correlation: float
    best_correlation: float
    width: float
    height: float


def name_mistake(expected: Float32Array, got: Float32Array, port: Port) -> str | None:
    """Say which mistake turned one clip into another; None if they are the same but for noise.

    Args:
        expected: What the network should see: (N, D, H, W, C), float32, normalised.
        got: What it was given, same shape.
        port: The network's input.
    """
    if _is_same(expected, got):
        return None
    for name, mistake in mistakes(port).items():
        if _is_same(mistake(expected), got):
            return name
    geometry = compare_geometry(expected, got)
    if geometry.best_correlation < _MATCHES:
        return "other pictures: neither a known mistake nor another resize of the same frames"
    if max(abs(np.log(geometry.width)), abs(np.log(geometry.height))) < np.log(_STEP) / 2:
        return f"a different resize: the same crop, another interpolation (correlation {geometry.correlation:.3f})"
    return (
        f"a different resize: it shows {geometry.width:.2f} times the width and {geometry.height:.2f} times the height"
    )


def _is_same(expected: Float32Array, got: Float32Array) -> bool:
    spread = float(np.std(expected)) or 1.0
    return float(np.mean(np.abs(expected - got))) <= _SAME * spread


def compare_geometry(expected: Float32Array, got: Float32Array) -> Geometry:
    """Find the scales along width and height at which one clip's middle frame fits the other's best."""
    first, second = (_grey(clip[0, clip.shape[1] // 2]) for clip in (expected, got))
    steps = _STEP ** np.arange(-_NUM_STEPS, _NUM_STEPS + 1)
    _, width, height = max((_fit(_small(first), _small(second), x, y), x, y) for x in steps for y in steps)
    fine = _FINE_STEP ** np.arange(-4, 5)
    scales = [(width * x, height * y) for x in fine for y in fine]
    best, width, height = max((_fit(first, second, x, y), x, y) for x, y in scales)
    return Geometry(_fit(first, second, 1, 1), best, float(width), float(height))


def _small(picture: Float32Array) -> Float32Array:
    return np.asarray(cv2.resize(picture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA), np.float32)


def _grey(frame: Float32Array) -> Float32Array:
    return np.asarray(frame.mean(axis=-1), np.float32)


def _fit(first: Float32Array, second: Float32Array, width: float, height: float) -> float:
    """Return the correlation of two pictures, the second enlarged about its centre, where both are defined."""
    y, x = ((length - 1) / 2 for length in first.shape)
    enlarge = np.array([[width, 0, x * (1 - width)], [0, height, y * (1 - height)]], np.float32)
    warped = cv2.warpAffine(second, enlarge, first.shape[::-1], flags=cv2.INTER_LINEAR, borderValue=np.nan)
    inside = np.isfinite(warped)
    if inside.mean() < 0.2:
        return -1.0
    a, b = first[inside], warped[inside]
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else -1.0
