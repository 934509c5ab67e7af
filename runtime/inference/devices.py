"""Devices: which there are, and a model compiled for one of them, or an error that says what is missing."""

import re
from collections.abc import Mapping, Sequence

import openvino as ov

from i3d_edge.core.errors import DeviceError
from i3d_edge.runtime.hardware.access import why_absent

_VIRTUAL_DEVICES = ("AUTO", "BATCH", "HETERO", "MULTI")
_CPU_HINT = "--device CPU runs it everywhere; `i3d probe` says what the device does not take"
# What AUTO uses if it is not told: NPUs are no part of it. Source: OpenVINO's page "Automatic Device Selection".
_AUTO_FAMILIES = ("GPU", "CPU")
_GONE = {"MYRIAD": "2022.3", "HDDL": "2022.3", "GNA": "2023.3"}
"""Devices that OpenVINO dropped, and its last release that had them."""

NO_FALLBACK: Mapping[str, str | bool] = {"ENABLE_STARTUP_FALLBACK": False, "ENABLE_RUNTIME_FALLBACK": False}
"""Properties by which AUTO neither begins on the CPU nor goes to another device when one fails.

They take the CPU out of AUTO's list, which has to hold another device then.
"""


def compile_model(
    model: ov.Model, device: str, properties: Mapping[str, str | bool | int], *, fallback: bool = True
) -> ov.CompiledModel:
    """Compile a model; with `fallback` AUTO may begin on the CPU. Raises DeviceError if the device cannot run it."""
    core = ov.Core()
    require_device(core, device)
    if not fallback and may_begin_on_cpu(device, core.available_devices):
        properties = {**properties, **NO_FALLBACK}
    try:
        return core.compile_model(model, device, dict(properties))
    except RuntimeError as error:
        raise DeviceError(f"device {device!r} cannot run the model: {first_reason(error)}", hint=_CPU_HINT) from error


def require_device(core: ov.Core, device: str) -> None:
    """Raise DeviceError if a device, or a part of a virtual one, is absent; OpenVINO's message speaks of libraries."""
    available = core.available_devices
    families = {*_VIRTUAL_DEVICES, *(device_family(name) for name in available)}
    for name in device_parts(device) or [device]:
        if device_family(name) not in families:
            raise DeviceError(
                f"no device {name!r} on this machine; available: {', '.join(available) or 'none'}",
                hint=_why_absent(device_family(name)),
            )


def device_parts(device: str) -> list[str]:
    """Return what a virtual device is made of: ["GPU", "CPU"] for "AUTO:GPU,CPU" and for "AUTO:GPU,CPU,-NPU"."""
    _, _, parts = device.partition(":")
    return [name.strip() for name in parts.split(",") if name.strip() and not name.strip().startswith("-")]


def device_family(device: str) -> str:
    """Return a device's name without its number and its options: "GPU" for "GPU.1" and for "GPU(2)"."""
    return re.split(r"[.(:]", device)[0]


def is_virtual(device: str) -> bool:
    """Whether a device stands for others, as AUTO and HETERO do."""
    return device_family(device) in _VIRTUAL_DEVICES


def auto_candidates(device: str, available: Sequence[str]) -> list[str]:
    """Return the devices that AUTO may choose from; none if the device is not AUTO."""
    if device_family(device) != "AUTO":
        return []
    excluded = [name.strip().removeprefix("-") for name in device.partition(":")[2].split(",") if "-" in name]
    own = device_parts(device) or [name for name in available if device_family(name) in _AUTO_FAMILIES]
    return [name for name in own if name not in excluded and device_family(name) not in excluded]


def may_begin_on_cpu(device: str, available: Sequence[str]) -> bool:
    """Whether AUTO runs the first clips on the CPU while it compiles for another device."""
    families = {device_family(name) for name in auto_candidates(device, available)}
    return "CPU" in families and len(families) > 1


def first_reason(error: Exception) -> str:
    """Return the line of an OpenVINO error that says something."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Exception from")]
    return lines[0].strip() if lines else str(error).strip()


def _why_absent(family: str) -> str | None:
    if family in _GONE:
        return (
            f"OpenVINO {_GONE[family]} was the last that had {family}; an IR for today's NPU is made by "
            "`i3d convert --for vpu`"
        )
    reason = why_absent(family)
    return f"{family}: {reason} (`i3d doctor` says more)" if reason else "`i3d doctor` lists what this machine has"
