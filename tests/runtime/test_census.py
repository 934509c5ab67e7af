"""The census of small models whose operators can be counted by hand."""

import numpy as np
import openvino as ov
import pytest
from census import count_operators
from openvino import opset13 as ops


def constant(*shape: int) -> ov.Node:
    return ops.constant(np.ones(shape, np.float32))


def test_operators_are_counted_with_their_axes() -> None:
    clip = ops.parameter((1, 3, 4, 6, 6), ov.Type.f32)
    value = ops.convolution(clip, constant(5, 3, 1, 3, 3), [1] * 3, [0, 1, 1], [0, 1, 1], [1] * 3)
    value = ops.relu(value)
    pooled = ops.max_pool(value, [1, 2, 2], [1] * 3, [0] * 3, [0] * 3, [1, 2, 2]).output(0)
    flat = ops.reshape(pooled, ops.constant([4, 45]), False)
    product = ops.matmul(flat, ops.multiply(constant(45, 7), constant(1)), False, False)
    census = count_operators(ov.Model([ops.softmax(ops.reduce_mean(product, [0], False), 0)], [clip], "m"))
    assert (census.count, census.num_types, census.rank, census.is_flat) == (8, 8, 5, False)
    assert census.volumetric == {"Convolution": 1, "MaxPool": 1}


@pytest.mark.parametrize(
    ("build", "is_flat"),
    [
        (lambda clip: ops.relu(ops.reshape(clip, ops.constant([4, 3, 6, 6]), False)), True),
        (lambda clip: ops.reshape(ops.relu(clip), ops.constant([4, 3, 6, 6]), False), False),
        (
            lambda clip: ops.reshape(
                ops.reshape(clip, ops.constant([4, 3, 2, 3, 6]), False), ops.constant([-1]), False
            ),
            False,
        ),
    ],
    ids=["a Reshape of the input", "work before it", "two of them"],
)
def test_only_one_reshape_of_an_input_may_have_more_axes(build, is_flat: bool) -> None:
    clip = ops.parameter((1, 4, 3, 6, 6), ov.Type.f32)
    census = count_operators(ov.Model([build(clip)], [clip], "m"))
    assert (census.rank, census.is_flat, census.volumetric) == (5, is_flat, {})
