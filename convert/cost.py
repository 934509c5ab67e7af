"""What a model costs: operations per clip and parameters, counted as the model card counts them.

Open Model Zoo's card for i3d-rgb-tf prints 278.981 GFLOPs and 12.69 MParams; the same rule is used here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import openvino as ov

_COUNTED = (
    *("Convolution", "GroupConvolution", "MatMul"),
    *("AvgPool", "MaxPool", "ReduceMax", "ReduceMean", "ReduceSum"),
    *("Add", "Divide", "Log", "Maximum", "Minimum", "Multiply", "Relu", "Softmax", "Subtract"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations of one clip, and parameters with batch norm folded into the convolutions."""

    num_operations: int
    num_parameters: int

    @property
    def gflops(self) -> float:
        """Operations in units of 1e9."""
        return self.num_operations / 1e9

    @property
    def mparams(self) -> float:
        """Parameters in units of 1e6."""
        return self.num_parameters / 1e6


def count_cost(model: ov.Model, *, num_pixels: int) -> Cost:
    """Count a converted network, before any pass of ours.

    Args:
        model: With static shapes and batch norm folded, as OpenVINO's converter leaves it.
        num_pixels: Input values that are normalised inside the model: two operations each, mean and scale.

    Returns:
        Two operations per multiply-accumulate of a convolution, one per value of a bias, a ReLU, and one
        per value that a pool reads; softmax and the mean over time do not count.
    """
    operations = 2 * num_pixels + count_convolutions(model)
    parameters = 0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind == "Constant" and node.get_element_type().is_real():
            parameters += math.prod(node.output(0).shape)
        elif kind in ("Add", "Relu", "MaxPool", "AvgPool"):
            operations += count_operations(node)
    return Cost(operations, parameters)


def count_convolutions(model: ov.Model) -> int:
    """Count the operations of a model's convolutions: two per multiply-accumulate, zero weights included."""
    return sum(count_operations(node) for node in model.get_ops() if node.get_type_name() == "Convolution")


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


def _sizes(port: ov.Input | ov.Output) -> list[int]:
    return [int(size) for size in port.get_shape()]
