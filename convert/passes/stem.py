"""Folding the stem: the first convolution, made cheap for the machine without changing its result.

A 7x7x7 convolution of stride 2 over 3 channels leaves most of a matrix unit idle. Cutting its input into blocks of 2
along D, H and W and laying each block's positions side by side as channels turns it, on those axes, into a convolution
of 4 taps and stride 1 over more channels, whose extra taps have zero weights.

On each axis the convolution computes out[o] = sum over t of w[t] x[2o + t - p], p being the padding before.
With t - p = 2b + r, r in {0, 1}, that is a sum over blocks b and positions r within them. For an odd length p is
3 and b runs from -2 to 1; for an even one p is 2 and b runs from -1 to 2: four taps either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.passes.feed import Block, lay_out, read_feed
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.fold import Fold
from i3d_edge.runtime.steps.operators import constant_of

_BLOCK = 2
_KERNEL = 7
_FOLDED_TAPS = 4


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of the convolution: its input length, and whether it is cut into blocks."""

    length: int
    is_folded: bool

    @property
    def block(self) -> int:
        return _BLOCK if self.is_folded else 1

    @property
    def stride(self) -> int:
        return 1 if self.is_folded else _BLOCK

    @property
    def num_taps(self) -> int:
        return _FOLDED_TAPS if self.is_folded else _KERNEL

    @property
    def pad_samples(self) -> tuple[int, int]:
        """SAME padding before and after, in samples."""
        total = (-(-self.length // _BLOCK) - 1) * _BLOCK + _KERNEL - self.length
        return total // 2, total - total // 2

    @property
    def pads(self) -> tuple[int, int]:
        """Padding of the convolution as it will be: in blocks where the axis is folded."""
        before, after = self.pad_samples
        if not self.is_folded:
            return before, after
        blocks = -(-before // _BLOCK)
        return blocks, _FOLDED_TAPS - 1 - blocks

    def tap(self, place: int, position: int) -> int | None:
        """Return the original tap that stands at a place of the new kernel and a position in the block there."""
        if not self.is_folded:
            return place
        tap = _BLOCK * (place - self.pads[0]) + position + self.pad_samples[0]
        return tap if 0 <= tap < _KERNEL else None


def fold_stem(model: ov.Model, fold: Fold = "dhw") -> str | None:
    """Fold every first convolution of a model, in place: one per network, two in a joint model.

    Applies to convolutions of 7x7x7, stride 2 and SAME padding; declines where there is none.
    """
    stems = find_stems(model)
    if not stems:
        return "no 7x7x7 convolution of stride 2 with SAME padding"
    for stem in stems:
        _fold(stem, fold)
    model.validate_nodes_and_infer_types()
    return None


def find_stems(model: ov.Model) -> list[ov.Node]:
    """Return the first convolution of each network: 7x7x7, stride 2, SAME padding, constant weights."""
    return [node for node in model.get_ordered_ops() if _is_stem(node)]


def _is_stem(node: ov.Node) -> bool:
    if node.get_type_name() != "Convolution" or node.input(1).get_partial_shape().is_dynamic:
        return False
    attributes = node.get_attributes()
    return (
        tuple(node.input(1).get_shape()[2:]) == (_KERNEL,) * 3
        and tuple(attributes["strides"]) == (_BLOCK,) * 3
        and tuple(attributes["dilations"]) == (1, 1, 1)
        and attributes["auto_pad"] == "same_upper"
        and constant_of(node.input_value(1)) is not None
        and node.input(0).get_partial_shape().is_static
    )


def _fold(stem: ov.Node, fold: Fold) -> None:
    name = stem.get_friendly_name()
    axes = _axes(stem.input(0).get_shape()[2:], fold)
    depth, height, width = (axis.block for axis in axes)
    block: Block = (depth, height, width)
    weights = constant_of(stem.input_value(1))
    assert weights is not None  # else it were no stem
    weights = fold_weights(weights, stem.input(0).get_shape()[2:], fold)
    folded = ops.convolution(
        lay_out(read_feed(stem), block, name=name),
        ops.constant(weights, name=f"{name}/weights"),
        strides=[axis.stride for axis in axes],
        pads_begin=[axis.pads[0] for axis in axes],
        pads_end=[axis.pads[1] for axis in axes],
        dilations=[1, 1, 1],
        name=name,
    )
    stem.output(0).replace(folded.output(0))


def fold_weights(weights: Float32Array, lengths: Sequence[int], fold: Fold) -> Float32Array:
    """Return the folded convolution's weights, of (O, C, 7, 7, 7); odd and even lengths of an input fold differently.

    Shape (O, C * blocks, taps_d, taps_h, taps_w); 4 taps and 2 positions on a folded axis, 7 and 1 on another; the
    order of channels is that of `feed.lay_out`.
    """
    axes = _axes(lengths, fold)
    num_out, num_in = weights.shape[:2]
    blocks, taps = [axis.block for axis in axes], [axis.num_taps for axis in axes]
    folded = np.zeros((num_out, *blocks, num_in, *taps), np.float32)
    for positions in np.ndindex(*blocks):
        for places in np.ndindex(*taps):
            found = [axis.tap(*place) for axis, place in zip(axes, zip(places, positions, strict=True), strict=True)]
            if None not in found:
                folded[(slice(None), *positions, slice(None), *places)] = weights[(slice(None), slice(None), *found)]
    return folded.reshape(num_out, -1, *taps)


def _axes(lengths: Sequence[int], fold: Fold) -> list[_Axis]:
    return [_Axis(length, axis in fold) for axis, length in zip("dhw", lengths, strict=True)]
