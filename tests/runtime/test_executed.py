from types import SimpleNamespace
from typing import Any

import pytest

from i3d_edge.runtime.inference.executed import Part, describe_split, execution_devices

pytestmark = pytest.mark.isa


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([Part("CPU", 12, 1.0)], "CPU 12 of 12 operators (100.0 % of the operations)"),
        (
            [Part("NPU", 310, 0.982), Part("CPU", 8, 0.018)],
            "NPU 310 of 318 operators (98.2 % of the operations), CPU 8 (1.8 %)",
        ),
    ],
)
def test_a_split_in_words(parts: list[Part], text: str) -> None:
    assert describe_split(parts) == text


def test_devices_that_execute() -> None:
    def refuse(_name: str) -> Any:
        raise RuntimeError("no such property")

    assert execution_devices(SimpleNamespace(get_property=lambda _name: ["(CPU)"])) == ("(CPU)",)
    assert execution_devices(SimpleNamespace(get_property=refuse)) == ()
