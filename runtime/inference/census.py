"""Operator census: which operators a model is made of, how many axes they work on, and what they cost.

Devices differ in what they run: neural accelerators are made for images, and operators of five axes, three-dimensional
convolutions and pools above all, are where they stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import openvino as ov

FLAT_RANK = 4
"""Axes of a batch of pictures: N, C, H, W."""

_SPATIAL_KINDS = ("AvgPool", "Convolution", "ConvolutionBackpropData", "GroupConvolution", "MaxPool")
_UNCOUNTED = ("Constant", "Result")
_COUNTED = (
    *("Convolution", "GroupConvolution", "MatMul"),
    *("AvgPool", "MaxPool", "ReduceMax", "ReduceMean", "ReduceSum"),
    *("Add", "Divide", "Log", "Maximum", "Minimum", "Multiply", "Relu", "Softmax", "Subtract"),
)


@dataclass(frozen=True, slots=True)
class Census:
    """What a model is made of.

    What only constants lead to does not count.

    Attributes:
        count: How many operators there are.
        num_types: Of how many types.
        rank: Most axes of anything that one of them reads or gives.
        num_operations: Of one inference.
        above_flat: Names of the operators that read or give more than four axes, by type.
    """

    count: int
    num_types: int
    rank: int
    num_operations: int
    above_flat: Mapping[str, tuple[str, ...]]

    @property
    def volumetric(self) -> Mapping[str, int]:
        """How many convolutions and pools work on more than four axes, by type."""
        return {name: len(found) for name, found in self.above_flat.items() if name in _SPATIAL_KINDS}

    @property
    def is_flat(self) -> bool:
        """Whether nothing has more than four axes but inputs and the Reshapes that read them."""
        return set(self.above_flat) <= {"Parameter", "Reshape"} and len(self.above_flat.get("Reshape", ())) <= len(
            self.above_flat.get("Parameter", ())
        )


def count_operators(model: ov.Model) -> Census:
    """Count a model's operators; one of dynamic shape counts as costing nothing."""
    nodes = list(computed_operators(model))
    above: dict[str, list[str]] = {}
    for node in nodes:
        if _rank(node) > FLAT_RANK:
            above.setdefault(node.get_type_name(), []).append(node.get_friendly_name())
    return Census(
        count=len(nodes),
        num_types=len({node.get_type_name() for node in nodes}),
        rank=max(map(_rank, nodes), default=0),
        num_operations=sum(map(count_operations, nodes)),
        above_flat={name: tuple(names) for name, names in above.items()},
    )


def count_operations(node: ov.Node) -> int:
    """Count the operations of one operator.

    Returns:
        Two per multiply-accumulate of a convolution or matrix product, one per value that a pool or a reduction reads
        and that other arithmetic gives. 0 for what moves, stores or quantizes values, and for dynamic shapes.
    """
    kind = node.get_type_name()
    if kind not in _COUNTED or any(port.get_partial_shape().is_dynamic for port in (*node.inputs(), *node.outputs())):
        return 0
    num_values = math.prod(_sizes(node.output(0)))
    if kind == "Convolution":
        return 2 * num_values * math.prod(_sizes(node.input(1))[1:])
    if kind == "GroupConvolution":
        return 2 * num_values * math.prod(_sizes(node.input(1))[2:])
    if kind == "MatMul":
        return 2 * num_values * _sizes(node.input(0))[-2 if node.get_attributes()["transpose_a"] else -1]
    if kind in ("AvgPool", "MaxPool"):
        return num_values * math.prod(int(taps) for taps in node.get_attributes()["kernel"])
    if kind in ("ReduceMax", "ReduceMean", "ReduceSum"):
        return math.prod(_sizes(node.input(0)))
    return num_values


def computed_operators(model: ov.Model) -> Iterable[ov.Node]:
    """Yield the operators that depend on an input; what only constants lead to is computed once, when compiling."""
    depends: set[str] = set()
    for node in model.get_ordered_ops():
        kind, sources = node.get_type_name(), [value.get_node().get_name() for value in node.input_values()]
        if kind == "Parameter" or depends.intersection(sources):
            depends.add(node.get_name())
            if kind not in _UNCOUNTED:
                yield node


def _rank(node: ov.Node) -> int:
    shapes = [port.get_partial_shape() for port in (*node.inputs(), *node.outputs())]
    return max((len(shape) for shape in shapes if shape.rank.is_static), default=0)


def _sizes(port: ov.Input | ov.Output) -> list[int]:
    return [int(size) for size in port.get_shape()]
