from pathlib import Path

import openvino as ov
import pytest

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
