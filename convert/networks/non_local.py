"""Non-local blocks: every position of a volume looks at all others.

Sources: mmcv's `cnn/bricks/non_local.py`, GluonCV's `torch/model_zoo/action_recognition/non_local.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import openvino as ov
from openvino import opset13 as ops

NON_LOCAL_PRODUCTS = r".*\.non_local\.(products|sum)"
"""Names of the matrix products of all non-local blocks."""

Convolve = Callable[[str, ov.Output], ov.Output]
"""Applies the convolution of a name to a volume."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How a block weighs positions."""

    # two convolutions, theta and phi, come before the product; else it is of the volume itself
    is_embedded: bool = True
    has_softmax: bool = True  # products become weights by a softmax; else they are divided by the number of positions
    is_scaled: bool = False  # products are first divided by the root of the number of channels
    is_subsampled: bool = True  # only every second position along height and width, the largest of four, is looked at


def attend(volume: ov.Output, attention: Attention, convolve: Convolve, name: str) -> ov.Output:
    """Add to a volume, (N, C, D, H, W), what the non-local block of a name, with its dot, makes of it."""
    query = convolve(name + "theta", volume) if attention.is_embedded else volume
    key = _seen(convolve(name + "phi", volume) if attention.is_embedded else volume, attention)
    value = _seen(convolve(name + "g", volume), attention)
    query, key, value = _flat(query), _flat(key), _flat(value)
    factor = query.get_shape()[1] ** -0.5 if attention.is_scaled else 1.0
    if not attention.has_softmax:
        factor = 1 / key.get_shape()[2]
    if factor != 1:
        query = ops.multiply(query, np.float32(factor)).output(0)
    weights = ops.matmul(query, key, True, False, name=f"{name}products").output(0)
    if attention.has_softmax:
        weights = ops.softmax(weights, 2).output(0)
    found = ops.matmul(value, weights, False, True, name=f"{name}sum").output(0)
    batch, _, *space = volume.get_shape()
    found = ops.reshape(found, [batch, value.get_shape()[1], *space], False).output(0)
    return ops.add(convolve(name + "out", found), volume).output(0)


def _seen(volume: ov.Output, attention: Attention) -> ov.Output:
    if not attention.is_subsampled:
        return volume
    step, none = [1, 2, 2], [0, 0, 0]
    return ops.max_pool(volume, step, [1, 1, 1], none, none, step, "floor", "explicit").output(0)


def _flat(volume: ov.Output) -> ov.Output:
    batch, channels, *space = volume.get_shape()
    return ops.reshape(volume, [batch, channels, int(np.prod(space))], False).output(0)
