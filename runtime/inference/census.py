"""The operators of a model that compute something, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterable

import openvino as ov

_UNCOUNTED = ("Constant", "Result")
_COUNTED = (
    *("Convolution", "GroupConvolution", "MatMul"),
    *("AvgPool", "MaxPool", "ReduceMax", "ReduceMean", "ReduceSum"),
    *("Add", "Divide", "Log", "Maximum", "Minimum", "Multiply", "Relu", "Softmax", "Subtract"),
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


def _sizes(port: ov.Input | ov.Output) -> list[int]:
    return [int(size) for size in port.get_shape()]
