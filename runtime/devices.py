"""Devices: which there are, and a model compiled for one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import openvino as ov

from i3d_edge.errors import DeviceError

_VIRTUAL_DEVICES = ("AUTO", "BATCH", "HETERO", "MULTI")


def compile_model(model: ov.Model, device: str, properties: Mapping[str, str | bool | int]) -> ov.CompiledModel:
    """Compile a model for a device.

    Raises:
        DeviceError: If the device is absent or refuses the model.
    """
    core = ov.Core()
    require_device(core, device)
    try:
        return core.compile_model(model, device, dict(properties))
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Exception from")]
        raise DeviceError(
            f"device {device!r} must accept the model; got {lines[0] if lines else error}",
            hint="--device CPU runs it everywhere",
        ) from error


def require_device(core: ov.Core, device: str) -> None:
    """Refuse a device that is not there; OpenVINO's own message for that speaks of libraries.

    Raises:
        DeviceError: If the device, or one of the parts of a virtual one, is absent.
    """
    virtual, _, parts = device.partition(":")
    available = core.available_devices
    families = {*_VIRTUAL_DEVICES, *(_family(name) for name in available)}
    for name in parts.split(",") if parts else [virtual]:
        if not name.startswith("-") and _family(name) not in families:
            raise DeviceError(f"device {name!r} must be one of {', '.join(available)} on this machine; it is absent")


def _family(device: str) -> str:
    """Return a device's name without its number and its options: "GPU" for "GPU.1" and for "GPU(2)"."""
    return re.split(r"[.(]", device)[0]
