"""What a model costs: operations per clip and parameters, counted as the model card counts them.

Open Model Zoo's card for i3d-rgb-tf prints 278.981 GFLOPs and 12.69 MParams; the same rule is used here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import openvino as ov

from i3d_edge.runtime.inference.census import count_operations


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations of one clip, and parameters with batch norm folded into the convolutions."""

    num_operations: int
    num_parameters: int


def count_cost(model: ov.Model, *, num_pixels: int) -> Cost:
    """Count a converted network, before any pass of ours, of static shapes and with batch norm folded.

    Two operations per multiply-accumulate of a convolution or matrix product and per pixel that is normalised, one per
    value of a sum, a ReLU, and that a pool reads; softmax and the mean over time do not count.
    """
    operations = 2 * num_pixels + count_convolutions(model)
    parameters = 0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind == "Constant" and node.get_element_type().is_real():
            parameters += math.prod(node.output(0).shape)
        elif kind in ("Add", "Relu", "MaxPool", "AvgPool", "MatMul"):
            operations += count_operations(node)
    return Cost(operations, parameters)


def count_convolutions(model: ov.Model) -> int:
    """Count the operations of a model's convolutions: two per multiply-accumulate, zero weights included."""
    return sum(count_operations(node) for node in model.get_ops() if node.get_type_name() == "Convolution")
