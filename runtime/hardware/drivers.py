"""The drivers that a GPU or an NPU needs on Linux: which are there, which are missing, and how to get them.

Sources: OpenVINO's pages "Configurations for Intel Processor Graphics (GPU)" and "Configurations for Intel NPU", the
release notes of github.com/intel/linux-npu-driver, and Debian's and Ubuntu's package lists.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.finding import Finding
from i3d_edge.runtime.hardware.system import find_library, intel_pci_devices


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing that a device needs.

    Attributes:
        title: What it is.
        names: Where it can be: a pattern of paths (with "/"), or the beginning of a library's file name, which may
            lie in OpenVINO's package or where the system keeps libraries. One of them is enough.
        remedy: How to get it.
    """

    title: str
    names: tuple[str, ...]
    remedy: str

    def look(self, root: Path, plugins: Path) -> Finding:
        """Look for it below a root, and in the folder of OpenVINO's plugins."""
        for name in self.names:
            if "/" in name:
                found = next(iter(sorted(root.glob(name))), None)
            else:
                found = plugins / name if (plugins / name).exists() else find_library(name, root)
            if found is not None:
                return Finding("ok", f"{self.title} {found.name}")
        names = " or ".join(f"/{name}" if "/" in name else name for name in self.names)
        return Finding("warning", f"there is no {self.title} ({names})", self.remedy)


@dataclass(frozen=True, slots=True)
class _Accelerator:
    """What one family of devices needs: its class on the PCI bus, its device node, and the parts of its driver."""

    pci_class: str
    nodes: str
    container: str
    parts: tuple[_Part, ...]


_REINSTALL = "pip install --force-reinstall openvino"
_GPU_PAGE = '(OpenVINO\'s documentation, "Configurations for Intel Processor Graphics (GPU)")'
_NPU_PAGE = 'from github.com/intel/linux-npu-driver (OpenVINO\'s documentation, "Configurations for Intel NPU")'

_GPU = _Accelerator(
    "0x03",
    "dev/dri/renderD*",
    "--device /dev/dri",
    (
        _Part("kernel module", ("sys/module/i915", "sys/module/xe"), "use a kernel that has it, 6.2 or later for Arc"),
        _Part("OpenVINO plugin", ("libopenvino_intel_gpu_plugin.so",), _REINSTALL),
        _Part("OpenCL loader", ("libOpenCL.so.1",), f"apt-get install ocl-icd-libopencl1 {_GPU_PAGE}"),
        _Part(
            "OpenCL driver",
            ("etc/OpenCL/vendors/*intel*.icd",),
            f"apt-get install intel-opencl-icd (non-free in some Debians), or Intel's compute-runtime {_GPU_PAGE}",
        ),
    ),
)
_NPU = _Accelerator(
    "0x12",
    "dev/accel/accel*",
    "--device /dev/accel/accel0",
    (
        _Part("kernel module", ("sys/module/intel_vpu",), "use a kernel that has it"),
        _Part("OpenVINO plugin", ("libopenvino_intel_npu_plugin.so",), _REINSTALL),
        _Part(
            "firmware",
            ("lib/firmware/intel/vpu/*.bin*", "lib/firmware/updates/intel/vpu/*.bin*"),
            f"install intel-fw-npu {_NPU_PAGE}",
        ),
        _Part("Level Zero loader", ("libze_loader.so.1",), f"apt-get install libze1 or level-zero {_NPU_PAGE}"),
        _Part(
            "Level Zero driver",
            ("libze_intel_npu.so", "libze_intel_vpu.so"),
            f"install intel-level-zero-npu {_NPU_PAGE}",
        ),
        _Part(
            "compiler",
            ("libopenvino_intel_npu_compiler_loader.so", "libnpu_driver_compiler.so"),
            f"install intel-driver-compiler-npu {_NPU_PAGE}",
        ),
    ),
)
_ACCELERATORS = {"GPU": _GPU, "NPU": _NPU}


def driver_findings(family: str, root: Path = Path("/"), *, plugins: Path | None = None) -> list[Finding]:
    """Look at what a family of devices needs.

    Args:
        family: "GPU" or "NPU"; nothing is known of others.
        root: Of the file system.
        plugins: The folder of OpenVINO's plugins; None takes that of the installed package.

    Returns:
        One finding per part: "ok", or "warning" for one that is missing. A single one, without a remedy, if the
        machine has no such device.
    """
    if family not in _ACCELERATORS:
        return []
    if sys.platform != "linux":
        return [Finding("note", f"the drivers of the {family} are checked on Linux only")]
    accelerator = _ACCELERATORS[family]
    nodes = sorted(root.glob(accelerator.nodes))
    on_bus = intel_pci_devices(accelerator.pci_class, root)
    if not nodes and on_bus == []:
        return [Finding("warning", f"no Intel {family} on the PCI bus")]
    first = [_access(nodes[0])] if nodes else [_no_node(accelerator, on_bus)]
    plugins = plugins_folder() if plugins is None else plugins
    return first + [part.look(root, plugins) for part in accelerator.parts]


def missing_parts(family: str, root: Path = Path("/"), *, plugins: Path | None = None) -> list[str]:
    """Return what a family of devices lacks here, a few words each."""
    return [item.text for item in driver_findings(family, root, plugins=plugins) if item.level == "warning"]


def plugins_folder() -> Path:
    """Return the folder of OpenVINO's plugins."""
    import openvino

    return Path(openvino.__file__).parent / "libs"


def _no_node(accelerator: _Accelerator, on_bus: list[str] | None) -> Finding:
    seen = f", though the PCI bus has a device at {on_bus[0]}" if on_bus else ""
    return Finding(
        "warning",
        f"there is no /{accelerator.nodes}{seen}",
        f"{accelerator.parts[0].remedy}; start a container with {accelerator.container}",
    )


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
