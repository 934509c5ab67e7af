"""The classic mistakes of feeding a video network, and how to tell which one was made."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.normalisation import bounds, denormalised
from i3d_edge.core.port import Port

Mistake = Callable[[Float32Array], Float32Array]

_SAME = 0.05
"""Two clips are the same when they differ, on average, by at most this fraction of their spread."""


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


def name_mistake(expected: Float32Array, got: Float32Array, port: Port) -> str | None:
    """Say which mistake turned one clip into another, both as of `mistakes`; None if they differ by noise alone."""
    if _is_same(expected, got):
        return None
    for name, mistake in mistakes(port).items():
        if _is_same(mistake(expected), got):
            return name
    return "other pictures: other frames, or another resize or crop of the same"


def _is_same(expected: Float32Array, got: Float32Array) -> bool:
    spread = float(np.std(expected)) or 1.0
    return float(np.mean(np.abs(expected - got))) <= _SAME * spread
