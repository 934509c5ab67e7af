"""What each operator does along time, and the same operator on a part of its positions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.utils.node_factory import NodeFactory

from i3d_edge.core.arrays import Array
from i3d_edge.runtime.steps.memory import LEVELS, Codes
from i3d_edge.runtime.steps.span import Reach

_MAKE = NodeFactory("opset13")
_SPACE = 2
"""First axis of a convolution's or a pool's kernel in its input."""

_POINTWISE = ("Add", "Convert", "Divide", "FakeQuantize", "Multiply", "Relu", "Subtract")
_POOLS = ("AvgPool", "MaxPool")
LAYERS = ("Convolution", *_POOLS)
"""Operators that read neighbours in time."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some positions of an operator's output."""

    places: Sequence[int]  # of each position, where in a window a constant of its own would be read
    at_start: bool = False  # whether the operator's padding before and after belongs to them
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator whose inputs, some of them, have an axis of time."""

    node: ov.Node  # the window network's
    axis: int  # that of time in its inputs
    out_axis: int  # that of time in its output
    reach: Reach  # what it reads along time

    @property
    def name(self) -> str:
        """That of the layer."""
        return str(self.node.get_friendly_name())

    @property
    def is_light(self) -> bool:
        """Whether computing a position again costs no more than remembering it."""
        return self.node.get_type_name() not in LAYERS

    def on(self, sources: Sequence[ov.Output | None], part: Part) -> ov.Output:
        """Return the operator on a part of its positions; a source of None is the constant of the window network."""
        node, kind = self.node, self.node.get_type_name()
        attributes = dict(node.get_attributes())
        inputs = [source or self._constant(node.input_value(port), part) for port, source in enumerate(sources)]
        if kind in LAYERS:
            attributes["auto_pad"] = "explicit"
            for name, is_there in (("pads_begin", part.at_start), ("pads_end", part.at_end)):
                first, *others = attributes[name]
                attributes[name] = [first if is_there else 0, *others]
        elif kind == "Pad":
            for port, is_there in ((1, part.at_start), (2, part.at_end)):
                pads = constant_of(node.input_value(port))
                assert pads is not None  # `read_operator` has read them
                pads[self.axis] *= is_there
                inputs[port] = ops.constant(pads).output(0)
        elif kind == "Reshape":
            shape = np.array(node.output(0).get_shape())
            shape[self.out_axis] = len(part.places)
            inputs[1] = ops.constant(shape).output(0)
        made = _MAKE.create(kind, inputs, attributes)
        made.set_friendly_name(self.name + ("/patch" if part.at_start else ""))
        if made.output(0).get_shape()[self.out_axis] != len(part.places):
            raise AssertionError(f"{kind} {self.name!r}: {made.output(0).get_shape()}, {part}")
        return made.output(0)

    def codes(self, inputs: Sequence[Codes | None]) -> Codes | None:
        """Return what its outputs are multiples of, given that of its inputs."""
        kind = self.node.get_type_name()
        if kind == "FakeQuantize":
            limits = [constant_of(self.node.input_value(port)) for port in range(1, 5)]
            if any(limit is None for limit in limits):
                return None
            low, high, out_low, out_high = map(np.asarray, limits)
            is_plain = out_low.size == 1 == out_high.size and self.node.get_attributes()["levels"] == LEVELS
            if is_plain and low.ravel() == out_low.ravel() == 0 and high.ravel() == out_high.ravel():
                return Codes(float(out_high.item()) / (LEVELS - 1))
            return None
        is_same = kind in ("Concat", "MaxPool", "Reshape", "Transpose") and len(set(inputs)) == 1
        return inputs[0] if is_same else None

    def _constant(self, value: ov.Output, part: Part) -> ov.Output:
        """Return a constant input, its own positions in time chosen if it has any.

        It is copied: the CPU plug-in fuses a bias or a quantizer into a convolution only where its constants have no
        other reader.
        """
        data = constant_of(value) if self.node.get_type_name() in _POINTWISE else None
        if data is None:
            return value
        axis = _time_axis(value, self.node, self.axis)
        return ops.constant(data if axis is None else np.take(data, list(part.places), axis)).output(0)


def read_operator(node: ov.Node, axis: int, ports: Sequence[int]) -> Operator | None:
    """Return what a node does along time, an axis of these inputs; None where it does more than this module knows."""
    kind = node.get_type_name()
    attributes = node.get_attributes()
    if kind in _POINTWISE or (kind == "Concat" and attributes["axis"] % len(node.output(0).get_shape()) != axis):
        return Operator(node, axis, axis, Reach())
    if list(ports) != [0]:
        return None
    if kind == "Transpose":
        order = constant_of(node.input_value(1))
        return None if order is None else Operator(node, axis, list(order).index(axis), Reach())
    if kind == "Pad" and attributes["pad_mode"] == "constant":
        before, after = constant_of(node.input_value(1)), constant_of(node.input_value(2))
        if before is None or after is None:
            return None
        return Operator(node, axis, axis, Reach(before=int(before[axis]), after=int(after[axis])))
    if kind == "Reshape":
        return _read_reshape(node, axis)
    if kind in LAYERS and axis == _SPACE and attributes.get("rounding_type", "floor") == "floor":
        kernel = attributes["kernel"][0] if kind in _POOLS else node.input_value(1).get_shape()[_SPACE]
        dilation = attributes.get("dilations", [1])[0]
        reach = Reach(
            kernel=(kernel - 1) * dilation + 1,
            stride=attributes["strides"][0],
            before=attributes["pads_begin"][0],
            after=attributes["pads_end"][0],
        )
        return Operator(node, axis, axis, reach)
    return None


def is_uniform(operator: Operator, left: int, right: int) -> bool:
    """Return whether the constants of an operator are alike at all positions from `left` to `right`."""
    for value in operator.node.input_values():
        axis = _time_axis(value, operator.node, operator.axis)
        if axis is not None:
            data = constant_of(value)
            if data is None or right <= left or np.ptp(np.take(data, range(left, right), axis), axis).any():
                return False
    return True


def is_constant(value: ov.Output) -> bool:
    """Return whether a value follows from constants alone."""
    node = value.get_node()
    return node.get_type_name() == "Constant" or (
        node.get_input_size() > 0 and all(map(is_constant, node.input_values()))
    )


def split_pool(node: ov.Node) -> tuple[ov.Node, ov.Node] | None:
    """Put a maximum over frames and one over time, which read by turns give the same, in place of a maximum of both."""
    attributes = node.get_attributes()
    if node.get_type_name() != "MaxPool" or attributes["kernel"][0] == 1 or max(attributes["kernel"][1:]) == 1:
        return None
    keep = {"kernel": 1, "strides": 1, "dilations": 1, "pads_begin": 0, "pads_end": 0}
    value, halves = node.input_value(0), []
    for is_space in (True, False):
        own = {
            name: [one if (place == 0) == is_space else number for place, number in enumerate(attributes[name])]
            for name, one in keep.items()
        }
        half = _MAKE.create("MaxPool", [value], {**attributes, **own, "auto_pad": "explicit"})
        half.set_friendly_name(node.get_friendly_name() + ("/space" if is_space else ""))
        value = half.output(0)
        halves.append(half)
    node.output(0).replace(value)
    return halves[0], halves[1]


def constant_of(value: ov.Output) -> Array | None:
    """Return a constant, which an FP16 IR converts before use; None where it is computed otherwise."""
    node = value.get_node()
    if node.get_type_name() == "Convert" and node.get_output_element_type(0) == ov.Type.f32:
        data = constant_of(node.input_value(0))
        return None if data is None else data.astype(np.float32)
    return np.array(node.get_data()) if node.get_type_name() == "Constant" else None


def _time_axis(value: ov.Output, node: ov.Node, axis: int) -> int | None:
    """Return the axis of time of a constant that is broadcast over a node's output, or None if it has none."""
    if node.get_type_name() not in _POINTWISE or not is_constant(value):
        return None
    own = axis - len(node.output(0).get_shape()) + len(value.get_shape())
    return own if own >= 0 and value.get_shape()[own] > 1 else None


def _read_reshape(node: ov.Node, axis: int) -> Operator | None:
    """Return a reshape that leaves time alone, or cuts it into blocks: (.., D, ..) into (.., D / block, block, ..)."""
    source, result = list(node.input(0).get_shape()), list(node.output(0).get_shape())
    found = []
    for place, length in enumerate(result):
        if math.prod(result[:place]) == math.prod(source[:axis]) and source[axis] % length == 0:
            block = source[axis] // length
            if block == 1 or result[place + 1 : place + 2] == [block]:
                found.append((block, place))
    if not found:
        return None
    block, place = min(found)
    return Operator(node, axis, place, Reach(kernel=block, stride=block))
