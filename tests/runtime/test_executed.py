from types import SimpleNamespace
from typing import Any

import pytest

from i3d_edge.runtime.inference.executed import execution_devices

pytestmark = pytest.mark.isa


def test_devices_that_execute() -> None:
    def refuse(_name: str) -> Any:
        raise RuntimeError("no such property")

    assert execution_devices(SimpleNamespace(get_property=lambda _name: ["(CPU)"])) == ("(CPU)",)
    assert execution_devices(SimpleNamespace(get_property=refuse)) == ()
