import re
from pathlib import Path

import pytest

from i3d_edge.freeze import inception_i3d
from i3d_edge.freeze.tensor_index import read_index


def test_there_are_230_variables_and_12_704_544_parameters() -> None:
    shapes = inception_i3d.variable_shapes(3, 400)
    sizes = []
    for shape in shapes.values():
        size = 1
        for length in shape:
            size *= length
        sizes.append(size)
    assert (len(shapes), sum(sizes)) == (230, 12_704_544)


def test_58_convolutions_and_one_misnamed_unit() -> None:
    names = [unit.name for unit, _ in inception_i3d.units(3)]
    assert len(names) == 57  # and the logits
    assert "Mixed_5b/Branch_2/Conv3d_0a_3x3" in names
    assert sum(bool(re.fullmatch(r"Mixed_../Branch_2/Conv3d_0b_3x3", name)) for name in names) == 8


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "scope", "channels", "classes"),
    [
        ("rgb_imagenet", "RGB/inception_i3d/", 3, 400),
        ("rgb_scratch", "RGB/inception_i3d/", 3, 400),
        ("flow_imagenet", "Flow/inception_i3d/", 2, 400),
        ("flow_scratch", "Flow/inception_i3d/", 2, 400),
        ("rgb_scratch_kin600", "", 3, 600),
    ],
)
def test_names_and_shapes_are_deepminds(shared: Path, name: str, scope: str, channels: int, classes: int) -> None:
    published = read_index(shared / "checkpoints" / name / "model.ckpt.index")
    ours = inception_i3d.variable_shapes(channels, classes)
    network = {key: entry for key, entry in published.items() if not key.endswith("/Momentum")}
    assert {scope + key for key in ours} == set(network)
    for key, shape in ours.items():
        assert network[scope + key].shape in (shape, shape[-1:]), key
