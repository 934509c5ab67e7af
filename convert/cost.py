"""What a model costs: operations per clip and parameters, counted as the model card counts them.

Open Model Zoo's card for i3d-rgb-tf prints 278.981 GFLOPs and 12.69 MParams; the same rule is used here.
"""

import math
from dataclasses import dataclass

import openvino as ov


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
    operations, parameters = 2 * num_pixels, 0
    for node in model.get_ops():
        operations += count_operations(node)
        if node.get_type_name() == "Constant" and node.get_element_type().is_real():
            parameters += math.prod(node.output(0).shape)
    return Cost(operations, parameters)


def count_convolutions(model: ov.Model) -> int:
    """Count the operations of a model's convolutions: two per multiply-accumulate, zero weights included."""
    return sum(count_operations(node) for node in model.get_ops() if node.get_type_name() == "Convolution")


def count_operations(node: ov.Node) -> int:
    """Count the operations of an operator of static shape, as `count_cost` does."""
    kind = node.get_type_name()
    if kind not in ("Add", "AvgPool", "Convolution", "MatMul", "MaxPool", "Relu"):
        return 0
    num_values: int = math.prod(node.output(0).shape)
    if kind == "Convolution":
        return 2 * num_values * int(math.prod(list(node.input(1).get_shape())[1:]))
    if kind == "MatMul":
        return 2 * num_values * int(node.input(0).get_shape()[-2 if node.get_attributes()["transpose_a"] else -1])
    return num_values * int(math.prod(node.get_attributes()["kernel"])) if kind.endswith("Pool") else num_values
