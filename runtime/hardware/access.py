"""Whether Linux lets this user open a GPU or an NPU: on the PCI bus, with a device node, and with the rights to it.

Sources: OpenVINO's pages "Configurations for Intel Processor Graphics (GPU)" and "Configurations for Intel NPU".
"""

import os
import sys
from pathlib import Path

from i3d_edge.core.finding import Finding
from i3d_edge.core.processor import read_text

_INTEL = "0x8086"

_ACCELERATORS = {
    "GPU": (
        "0x03",
        "dev/dri/renderD*",
        "use a kernel with the module i915 or xe, 6.2 or later for Arc; start a container with --device /dev/dri",
    ),
    "NPU": (
        "0x12",
        "dev/accel/accel*",
        "use a kernel with the module intel_vpu; start a container with --device /dev/accel/accel0",
    ),
}
"""How a family of devices shows: how its class on the PCI bus begins, its device nodes, and what to do without them."""


def access_finding(family: str, root: Path = Path("/")) -> Finding | None:
    """Say whether a GPU or NPU is there and may be opened: "ok", or a "warning", without remedy if there is none."""
    if family not in _ACCELERATORS:
        return None
    pci_class, pattern, remedy = _ACCELERATORS[family]
    if sys.platform != "linux":
        return Finding("note", f"access to the {family} is checked on Linux only")
    nodes = sorted(root.glob(pattern))
    on_bus = _intel_devices(pci_class, root)
    if nodes:
        return _access(nodes[0])
    if on_bus == []:
        return Finding("warning", f"no Intel {family} on the PCI bus")
    seen = f", though the PCI bus has a device at {on_bus[0]}" if on_bus else ""
    return Finding("warning", f"there is no /{pattern}{seen}", remedy)


def why_absent(family: str, root: Path = Path("/")) -> str | None:
    """Return why a family of devices cannot be opened, a few words; None if it can, or nothing is known."""
    found = access_finding(family, root)
    return found.text if found is not None and found.level == "warning" else None


def _intel_devices(device_class: str, root: Path) -> list[str] | None:
    """Return the PCI addresses of Intel's devices of a class, or None if the bus is not visible."""
    bus = root / "sys/bus/pci/devices"
    if not bus.is_dir():
        return None
    return [
        item.name
        for item in sorted(bus.iterdir())
        if read_text(item / "vendor").strip() == _INTEL and read_text(item / "class").startswith(device_class)
    ]


def _access(node: Path) -> Finding:
    if os.access(node, os.R_OK | os.W_OK):
        return Finding("ok", f"this user can open the device {node.name}")
    number = node.stat().st_gid
    try:
        group = node.group()
    except KeyError:
        group = str(number)
    return Finding(
        "warning",
        f"this user cannot open the device {node.name}, which belongs to the group {group}",
        f"sudo usermod -aG {group} $USER, then log in again; start a container with --group-add {number}",
    )
