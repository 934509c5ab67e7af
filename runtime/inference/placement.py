"""Where a model really runs on virtual devices (AUTO, HETERO, MULTI), in sentences for people."""

import openvino as ov

from i3d_edge.runtime.inference.devices import auto_candidates, is_virtual, may_begin_on_cpu
from i3d_edge.runtime.inference.engine import Engine


def start_notes(running: Engine, *, fallback: bool = True) -> list[str]:
    """Return what to say of a model just compiled, with `fallback` or not: whether AUTO may begin on the CPU."""
    available = ov.Core().available_devices
    if not may_begin_on_cpu(running.device, available):
        return []
    if fallback:
        others = " or ".join(name for name in auto_candidates(running.device, available) if name != "CPU")
        return [f"{running.device} may run the first clips on the CPU until {others} is ready"]
    return [f"{running.device} runs every clip on {describe_devices(running)}, none on the CPU at the start"]


def end_notes(running: Engine) -> list[str]:
    """Return what to say after the last inference: what a virtual device ran on."""
    if is_virtual(running.device):
        return [f"{running.device} ran on {describe_devices(running)} in the end"]
    return []


def describe_devices(running: Engine) -> str:
    """Return the names of the devices that run the model now."""
    return ", ".join(name.strip("()") for name in running.ran_on()) or "devices that it does not name"


def device_label(running: Engine) -> str:
    """Return the device as asked for, and in brackets what a virtual one runs on: "AUTO:GPU,CPU (GPU)"."""
    return f"{running.device} ({describe_devices(running)})" if is_virtual(running.device) else running.device
