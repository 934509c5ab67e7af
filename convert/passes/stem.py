"""Folding the stem: the first convolution, made cheap for the machine without changing its result.

A 7x7x7 convolution of stride 2 over 3 channels leaves most of a matrix unit idle. Cutting its input into
blocks of 2x2x2 and laying each block's 8 positions side by side as channels turns it into a 4x4x4
convolution of stride 1 over 24 channels, whose extra taps have zero weights.

On each axis the convolution computes out[o] = sum over t of w[t] x[2o + t - p], p being the padding before.
With t - p = 2b + r, r in {0, 1}, that is a sum over blocks b and positions r within them. For an odd length p is
3 and b runs from -2 to 1; for an even one p is 2 and b runs from -1 to 2: four taps either way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13 as ops

from convert.passes.outcome import Outcome

_BLOCK = 2
_KERNEL = 7
_TAPS = 4


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of the convolution: its input length, and its padding before in samples and in blocks."""

    length: int

    @property
    def pad_samples(self) -> int:
        total = (-(-self.length // _BLOCK) - 1) * _BLOCK + _KERNEL - self.length
        return total // 2

    @property
    def pad_blocks(self) -> int:
        return -(-self.pad_samples // _BLOCK)

    def tap(self, block: int, position: int) -> int | None:
        """Return the original tap that stands at a block and a position in it, or None for a zero."""
        tap = _BLOCK * (block - self.pad_blocks) + position + self.pad_samples
        return tap if 0 <= tap < _KERNEL else None


def fold_stem(model: ov.Model) -> Outcome:
    """Fold every first convolution of a model, in place: one per network, two in a joint model.

    Applies to convolutions of 7x7x7, stride 2 and SAME padding; declines where there is none.
    """
    stems = [node for node in model.get_ordered_ops() if _is_stem(node)]
    if not stems:
        return Outcome.declined("no 7x7x7 convolution of stride 2 with SAME padding")
    for stem in stems:
        _fold(stem)
    model.validate_nodes_and_infer_types()
    return Outcome.applied()


def _is_stem(node: ov.Node) -> bool:
    if node.get_type_name() != "Convolution" or node.input(1).get_partial_shape().is_dynamic:
        return False
    attributes = node.get_attributes()
    return (
        tuple(node.input(1).get_shape()[2:]) == (_KERNEL,) * 3
        and tuple(attributes["strides"]) == (_BLOCK,) * 3
        and tuple(attributes["dilations"]) == (1, 1, 1)
        and attributes["auto_pad"] == "same_upper"
        and node.input_value(1).get_node().get_type_name() == "Constant"
        and node.input(0).get_partial_shape().is_static
    )


def _fold(stem: ov.Node) -> None:
    source = stem.input_value(0)
    name = stem.get_friendly_name()
    axes = [_Axis(length) for length in stem.input(0).get_shape()[2:]]
    odd = [axis.length % _BLOCK for axis in axes]
    if any(odd):
        source = ops.pad(source, [0] * 5, [0, 0, *odd], "constant", np.float32(0), name=f"{name}/pad").output(0)
    blocks = ops.space_to_depth(source, "blocks_first", _BLOCK, name=f"{name}/blocks")
    weights = fold_weights(stem.input_value(1).get_node().get_data(), [axis.length for axis in axes])
    folded = ops.convolution(
        blocks,
        ops.constant(weights, name=f"{name}/weights"),
        strides=[1, 1, 1],
        pads_begin=[axis.pad_blocks for axis in axes],
        pads_end=[_TAPS - 1 - axis.pad_blocks for axis in axes],
        dilations=[1, 1, 1],
        name=name,
    )
    stem.output(0).replace(folded.output(0))


def fold_weights(weights: npt.NDArray[np.float32], lengths: list[int]) -> npt.NDArray[np.float32]:
    """Return the folded convolution's weights.

    Args:
        weights: Shape (O, C, 7, 7, 7).
        lengths: Of the input's three axes; odd and even ones fold differently.

    Returns:
        Shape (O, 8 C, 4, 4, 4); channel = ((position_d * 2 + position_h) * 2 + position_w) * C + c.
    """
    axes = [_Axis(length) for length in lengths]
    num_out, num_in = weights.shape[:2]
    folded = np.zeros((num_out, *(_BLOCK,) * 3, num_in, *(_TAPS,) * 3), np.float32)
    for positions in np.ndindex(*(_BLOCK,) * 3):
        for blocks in np.ndindex(*(_TAPS,) * 3):
            taps = [axis.tap(*place) for axis, place in zip(axes, zip(blocks, positions, strict=True), strict=True)]
            if None not in taps:
                folded[(slice(None), *positions, slice(None), *blocks)] = weights[(slice(None), slice(None), *taps)]
    return folded.reshape(num_out, -1, *(_TAPS,) * 3)
