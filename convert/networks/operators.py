"""Operators that all networks are written with: volumes are (N, C, D, H, W), steps and lengths are D, H, W."""

from collections.abc import Mapping

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.networks.layers import Layer

Steps = tuple[int, int, int]


def convolve(
    layers: Mapping[str, Layer], name: str, value: ov.Output, steps: Steps = (1, 1, 1), pads: Steps | None = None
) -> ov.Output:
    """Convolve with the layer of a name; the padding, if not given, is half of the kernel on every axis."""
    layer = layers[name]
    sides = list(pads or (length // 2 for length in layer.weights.shape[2:]))
    node = ops.convolution(value, ops.constant(layer.weights), list(steps), sides, sides, [1, 1, 1], name=name)
    return ops.add(node, ops.constant(layer.bias.reshape(1, -1, 1, 1, 1))).output(0)


def relu(name: str, value: ov.Output) -> ov.Output:
    """Return a volume without its negative numbers."""
    return ops.relu(value, name=f"{name}/relu").output(0)


def max_pool(name: str, value: ov.Output, kernel: Steps, steps: Steps, pads: Steps) -> ov.Output:
    """Return the maxima of windows that lie inside the padded volume."""
    sizes = (list(steps), [1, 1, 1], list(pads), list(pads), list(kernel))
    return ops.max_pool(value, *sizes, "floor", "explicit", name=name).output(0)
