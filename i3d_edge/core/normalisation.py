"""From pixels to what a network sees, and back, as a port says."""

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.port import Port


def ordered(frames: Array, port: Port) -> Array:
    """Return RGB frames, shape (..., 3), with their channels in the order of a port; a view."""
    return frames[..., ::-1] if port.colour_order == "BGR" else frames


def normalised(pixels: Array, port: Port, axis: int = -1) -> Float32Array:
    """Return pixels, 0..255, channels along an axis in the port's order, as the network sees them, float32."""
    result: Float32Array = (pixels.astype(np.float32) - _along(port.mean, axis, pixels)) / _along(
        port.scale, axis, pixels
    )
    return result


def denormalised(values: Float32Array, port: Port, axis: int = -1) -> Float32Array:
    """Return pixels, float32, not rounded, of what the network sees; arguments as for `normalised`."""
    result: Float32Array = values * _along(port.scale, axis, values) + _along(port.mean, axis, values)
    return result


def bounds(port: Port) -> tuple[float, float]:
    """Return the smallest and the largest value that a pixel becomes.

    Example:
        Mean and scale 100, 0..255 -> (-1.0, 1.55).
    """
    ends = normalised(np.array([[0] * port.channels, [255] * port.channels], np.uint8), port)
    return float(ends.min()), float(ends.max())


def _along(values: tuple[float, ...], axis: int, array: Array) -> Float32Array:
    shape = [1] * array.ndim
    shape[axis] = len(values)
    return np.array(values, np.float32).reshape(shape)
