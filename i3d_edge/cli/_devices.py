"""What commands say of virtual devices: which part runs where, and whether AUTO begins on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from i3d_edge.cli._base import note

if TYPE_CHECKING:
    from i3d_edge.runtime.inference.executed import Part


class Running(Protocol):
    """An engine, or what holds one."""

    device: str

    @property
    def parts(self) -> Sequence[Part]:
        """Which device of HETERO runs how much."""

    def ran_on(self) -> tuple[str, ...]:
        """Return the devices that run the model now."""


def note_start(running: Running, *, fallback: bool = True) -> None:
    """Say of HETERO who runs what, and of AUTO whether its first answers may be the CPU's.

    Args:
        running: Just compiled.
        fallback: As it was compiled with.
    """
    import openvino as ov

    from i3d_edge.runtime.inference.devices import auto_candidates, may_begin_on_cpu
    from i3d_edge.runtime.inference.executed import describe_split

    if running.parts:
        note(f"{running.device}: {describe_split(running.parts)}")
    available = ov.Core().available_devices
    if not may_begin_on_cpu(running.device, available):
        return
    if fallback:
        others = [name for name in auto_candidates(running.device, available) if name != "CPU"]
        note(f"{running.device} may run the first clips on the CPU, until it is ready on {' or '.join(others)}")
    else:
        note(f"{running.device} runs every clip on {describe_devices(running)}: its start on the CPU is switched off")


def note_end(running: Running) -> None:
    """Say of AUTO and its like what runs them after the last inference."""
    from i3d_edge.runtime.inference.devices import is_virtual

    if is_virtual(running.device) and not running.parts:
        note(f"{running.device} ran on {describe_devices(running)} in the end")


def describe_devices(running: Running) -> str:
    """Return the names of the devices that run the model now."""
    return ", ".join(name.strip("()") for name in running.ran_on()) or "devices that it does not name"


def device_label(running: Running) -> str:
    """Return the device as asked for, and in brackets what a virtual one runs on: "AUTO:GPU,CPU (GPU)"."""
    from i3d_edge.runtime.inference.devices import is_virtual

    return f"{running.device} ({describe_devices(running)})" if is_virtual(running.device) else running.device
