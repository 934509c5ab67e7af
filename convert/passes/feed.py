"""The feed of a first convolution: how the model's input becomes what the convolution reads.

As converted, pixels are turned into numbers, normalised, and transposed twice. All of that is one rearrangement
and one linear function, so it can be laid out anew: rearrange first, while a value is still one byte, in a single
transposition; then normalise.
"""

import math
from dataclasses import dataclass

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.arrays import Array, Float32Array

_NCDHW = 5
_SPACE = slice(2, 5)

Block = tuple[int, int, int]
"""How many neighbours along D, H and W are laid side by side as channels: 1 or 2 each."""

NO_BLOCK: Block = (1, 1, 1)


@dataclass(frozen=True, slots=True)
class Feed:
    """What a convolution reads: `(source - mean) * factor`, with its axes in another order."""

    source: ov.Output  # where the values come from, five axes
    order: tuple[int, ...]  # for each of the convolution's axes N, C, D, H, W: which axis of the source it is
    mean: float  # 0, and `factor` 1, where nothing is normalised
    factor: float
    num_transposes: int  # that were found on the way

    @property
    def shape(self) -> list[int]:
        """What the convolution reads, NCDHW."""
        return [self.source.get_shape()[axis] for axis in self.order]


def read_feed(convolution: ov.Node) -> Feed:
    """Follow a convolution's input upwards, through transposes and linear functions of one number."""
    value, above = convolution.input_value(0), []
    while (step := _step(value.get_node())) is not None:
        above.append(step)
        value = value.get_node().input_value(0)
    order, factor, offset, num_transposes = tuple(range(_NCDHW)), 1.0, 0.0, 0
    for kind, operand in reversed(above):
        if kind == "Transpose":
            order, num_transposes = tuple(order[axis] for axis in operand.ravel()), num_transposes + 1
        elif kind in ("Add", "Subtract"):
            offset += float(operand.item()) * (1 if kind == "Add" else -1)
        elif kind in ("Multiply", "Divide"):
            change = float(operand.item()) if kind == "Multiply" else 1 / float(operand.item())
            factor, offset = factor * change, offset * change
    return Feed(value, order, -offset / factor if offset else 0.0, factor, num_transposes)


def lay_out(feed: Feed, block: Block, *, name: str) -> ov.Output:
    """Return the feed anew, cut into blocks whose positions lie side by side as channels.

    Channel = ((position_d * block_h + position_h) * block_w + position_w) * C + c. A length that the block does not
    divide is padded with one zero at its end; zero after normalising, as a convolution's own padding is.
    """
    value, source_shape = feed.source, list(feed.source.get_shape())
    shape = feed.shape
    spare = [-length % side for length, side in zip(shape[_SPACE], block, strict=True)]
    if any(spare):
        ends = [0] * _NCDHW
        for axis, count in zip(feed.order[_SPACE], spare, strict=True):
            ends[axis] = count
            source_shape[axis] += count
        zero = ops.constant(0, dtype=value.get_element_type())
        value = ops.pad(value, [0] * _NCDHW, ends, "constant", zero, name=f"{name}/pad").output(0)
    value = _rearrange(value, source_shape, feed.order, block, name)
    return normalise(value, feed, _inside(shape, block, spare), name=name)


def normalise(value: ov.Output, feed: Feed, inside: Array, *, name: str) -> ov.Output:
    """Return `(value - mean) * factor` of a feed, and zero where it is not `inside`."""
    if value.get_element_type() != ov.Type.f32:
        value = ops.convert(value, "f32", name=f"{name}/numbers").output(0)
    if feed.mean:
        value = ops.subtract(value, np.float32(feed.mean), name=f"{name}/mean").output(0)
    is_masked = bool(feed.mean) and not inside.all()
    if feed.factor != 1 or is_masked:
        scale = np.float32(feed.factor) * (inside.astype(np.float32) if is_masked else np.float32(1))
        value = ops.multiply(value, ops.constant(np.asarray(scale, np.float32)), name=f"{name}/scale").output(0)
    return value


def _step(node: ov.Node) -> tuple[str, Array] | None:
    """Return what a node does, if that can be undone and laid out anew: its kind and its constant."""
    kind = node.get_type_name()
    if kind == "Convert":
        return kind, np.empty(0)
    if kind not in ("Transpose", "Add", "Subtract", "Multiply", "Divide"):
        return None
    operand = node.input_value(1).get_node()
    if operand.get_type_name() != "Constant":
        return None
    data = operand.get_data()
    return (kind, data) if kind == "Transpose" or data.size == 1 else None


def _rearrange(value: ov.Output, shape: list[int], order: tuple[int, ...], block: Block, name: str) -> ov.Output:
    sides = dict(zip(order[_SPACE], block, strict=True))
    split: list[int] = []
    outer, inner = {}, {}
    for axis, length in enumerate(shape):
        outer[axis] = len(split)
        side = sides.get(axis, 1)
        split.append(length // side)
        if side > 1:
            inner[axis] = len(split)
            split.append(side)
    batch, channels, *space = order
    perm = [outer[batch], *(inner[axis] for axis in space if axis in inner), *(outer[axis] for axis in order[1:])]
    if len(split) > _NCDHW:
        value = ops.reshape(value, split, False, name=f"{name}/split").output(0)
    if perm != sorted(perm):
        value = ops.transpose(value, perm, name=f"{name}/order").output(0)
    if len(split) > _NCDHW:
        depth = shape[channels] * math.prod(block)
        lengths = [shape[axis] // side for axis, side in zip(space, block, strict=True)]
        value = ops.reshape(value, [shape[batch], depth, *lengths], False, name=f"{name}/channels").output(0)
    return value


def _inside(shape: list[int], block: Block, spare: list[int]) -> Float32Array:
    """Return 1 where a laid-out value is the source's and 0 where it is padding; shape (1, C, D, H, W), or ()."""
    if not any(spare):
        return np.ones((), np.float32)
    _, channels, *lengths = shape
    mask = np.ones((), np.float32)
    for axis, (length, side, count) in enumerate(zip(lengths, block, spare, strict=True)):
        # Without padding on an axis its blocks are all alike, and one stands for them.
        num_blocks = -(-length // side) if count else 1
        place = np.arange(num_blocks)[np.newaxis] * side + np.arange(side)[:, np.newaxis]
        valid = (place < length).astype(np.float32)
        form = [1] * 7
        form[axis], form[4 + axis] = side, num_blocks
        mask = mask * valid.reshape(form)
    mask = np.repeat(mask, channels, axis=3)
    return mask.reshape(1, -1, *mask.shape[4:])
