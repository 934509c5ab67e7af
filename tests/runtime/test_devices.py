from types import SimpleNamespace

import pytest

from i3d_edge.errors import DeviceError
from runtime.devices import require_device


@pytest.mark.parametrize(
    ("device", "is_known"),
    [
        ("GPU", True),
        ("GPU.0", True),
        ("AUTO:GPU,CPU", True),
        ("AUTO:-NPU", True),
        ("MULTI:GPU(2),CPU", True),
        ("BATCH:GPU(4)", True),
        ("NPU", False),
        ("HETERO:NPU,CPU", False),
    ],
)
def test_device_names(device: str, is_known: bool) -> None:
    core = SimpleNamespace(available_devices=["CPU", "GPU"])
    if is_known:
        require_device(core, device)
    else:
        with pytest.raises(DeviceError, match="device 'NPU' must be one of CPU, GPU on this machine; it is absent"):
            require_device(core, device)
