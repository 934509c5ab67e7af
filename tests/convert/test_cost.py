from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from i3d_edge.convert import convert_graph
from i3d_edge.convert.cost import count_cost


def test_the_model_cards_numbers(graph_path: Path, tmp_path: Path) -> None:
    cost = convert_graph(graph_path, tmp_path / "full.xml", num_frames=79).cost
    assert cost.num_operations / 1e9 == pytest.approx(278.981, abs=0.001)
    assert cost.num_parameters == 12_689_984


def test_the_sum_is_made_of_the_cards_parts(graph_path: Path) -> None:
    model = ov.convert_model(graph_path)
    with_input, without = (count_cost(model, num_pixels=number) for number in (1000, 0))
    assert with_input.num_operations - without.num_operations == 2000
    assert with_input.num_parameters == without.num_parameters


def test_operators_are_counted_as_by_hand() -> None:
    weights, matrix = (ops.constant(np.ones(shape, np.float32)) for shape in ((5, 3, 1, 3, 3), (45, 7)))
    clip = ops.parameter((1, 3, 4, 6, 6), ov.Type.f32)
    value = ops.relu(ops.convolution(clip, weights, [1] * 3, [0, 1, 1], [0, 1, 1], [1] * 3))
    pooled = ops.max_pool(value, [1, 2, 2], [1] * 3, [0] * 3, [0] * 3, [1, 2, 2]).output(0)
    product = ops.matmul(ops.reshape(pooled, ops.constant([4, 45]), False), matrix, False, False)
    model = ov.Model([ops.softmax(ops.reduce_mean(product, [0], False), 0)], [clip], "m")
    convolution, matmul = 2 * (5 * 4 * 6 * 6) * (3 * 1 * 3 * 3), 2 * (4 * 7) * 45
    assert count_cost(model, num_pixels=0).num_operations == convolution + matmul + 5 * 4 * 6 * 6 + (5 * 4 * 3 * 3) * 4
