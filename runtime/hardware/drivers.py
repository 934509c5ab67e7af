"""What a GPU or an NPU needs on Linux, piece by piece: which there is, which is missing, and how to get it.

Sources: OpenVINO's pages "Configurations for Intel Processor Graphics (GPU)" and "Configurations for Intel NPU", the
release notes of github.com/intel/linux-npu-driver, and Debian's and Ubuntu's package lists.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.runtime.hardware.finding import Finding
from i3d_edge.runtime.hardware.system import find_library, has_module, intel_pci_devices

_GPU_PAGE = 'OpenVINO\'s documentation, "Configurations for Intel Processor Graphics (GPU)"'
_NPU_PAGE = 'OpenVINO\'s documentation, "Configurations for Intel NPU"; packages of github.com/intel/linux-npu-driver'
_NPU_COMPILER = "libopenvino_intel_npu_compiler_loader.so"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is particular to a kind of device."""

    title: str
    pci_class: str
    nodes: tuple[str, ...]
    modules: tuple[str, ...]
    kernel: str
    container: str


_KINDS = {
    "GPU": _Kind(
        "GPU",
        "0x03",
        ("dev/dri/renderD*",),
        ("i915", "xe"),
        "a kernel with the module i915 or xe (6.2 or later for Arc)",
        "--device /dev/dri",
    ),
    "NPU": _Kind(
        "NPU",
        "0x12",
        ("dev/accel/accel*",),
        ("intel_vpu",),
        "a kernel with the module intel_vpu",
        "--device /dev/accel/accel0",
    ),
}


def driver_findings(family: str, root: Path = Path("/"), *, plugins: Path | None = None) -> list[Finding]:
    """Look at what a family of devices needs.

    Args:
        family: "GPU" or "NPU"; others need nothing that is known here.
        root: Of the file system.
        plugins: The folder of OpenVINO's plugins; that of the installed package if not given.

    Returns:
        One finding per piece: "ok", or "warning" for one that is missing. Only the first, and a remedy of None, if the
        machine evidently has no such device.
    """
    if family not in _KINDS:
        return []
    if sys.platform != "linux":
        return [Finding("note", f"drivers of the {family} are looked at on Linux only")]
    kind = _KINDS[family]
    nodes = sorted(path for pattern in kind.nodes for path in root.glob(pattern))
    on_bus = intel_pci_devices(kind.pci_class, root)
    if not nodes and on_bus == []:
        return [Finding("warning", f"no Intel {family} on the PCI bus")]
    own: Callable[[Path, Path], list[Finding]] = _gpu_libraries if family == "GPU" else _npu_libraries
    found = [_node(kind, nodes, on_bus, root), _module(kind, root), *([_access(nodes[0])] if nodes else [])]
    return [*found, *own(root, plugins if plugins is not None else plugins_folder())]


def missing_parts(family: str, root: Path = Path("/"), *, plugins: Path | None = None) -> list[str]:
    """Return what a family of devices lacks here, a few words each."""
    return [item.text for item in driver_findings(family, root, plugins=plugins) if item.level == "warning"]


def plugins_folder() -> Path:
    """Return the folder of OpenVINO's plugins."""
    import openvino

    return Path(openvino.__file__).parent / "libs"


def _node(kind: _Kind, nodes: list[Path], on_bus: list[str] | None, root: Path) -> Finding:
    if nodes:
        return Finding("ok", ", ".join(f"/{path.relative_to(root).as_posix()}" for path in nodes))
    folder = kind.nodes[0].rpartition("/")[0]
    seen = f"; the PCI bus has one at {on_bus[0]}" if on_bus else ""
    return Finding(
        "warning", f"no device node in /{folder}{seen}", f"{kind.kernel}; in a container start it with {kind.container}"
    )


def _module(kind: _Kind, root: Path) -> Finding:
    loaded = [name for name in kind.modules if has_module(name, root)]
    if loaded:
        return Finding("ok", f"kernel module {', '.join(loaded)}")
    return Finding("warning", f"kernel module {' or '.join(kind.modules)} is not loaded", kind.kernel)


def _access(node: Path) -> Finding:
    if os.access(node, os.R_OK | os.W_OK):
        return Finding("ok", f"this user may use {node.name}")
    group = _group_of(node)
    return Finding(
        "warning",
        f"this user may not read and write {node.name}, which is for the group {group}",
        f"sudo usermod -aG {group} $USER, then log in anew; in a container add --group-add {node.stat().st_gid}",
    )


def _group_of(node: Path) -> str:
    try:
        return node.group()
    except KeyError:
        return str(node.stat().st_gid)


def _gpu_libraries(root: Path, plugins: Path) -> list[Finding]:
    icds = sorted((root / "etc/OpenCL/vendors").glob("*intel*.icd"))
    return [
        _plugin(plugins, "libopenvino_intel_gpu_plugin.so"),
        _library(root, "libOpenCL.so.1", "OpenCL loader", f"apt-get install ocl-icd-libopencl1; {_GPU_PAGE}"),
        Finding("ok", f"OpenCL driver {icds[0].name}")
        if icds
        else Finding(
            "warning",
            "no Intel driver in /etc/OpenCL/vendors",
            f"apt-get install intel-opencl-icd (non-free in some Debians), or Intel's compute-runtime; {_GPU_PAGE}",
        ),
    ]


def _npu_libraries(root: Path, plugins: Path) -> list[Finding]:
    folders = (root / "lib/firmware/intel/vpu", root / "lib/firmware/updates/intel/vpu")
    firmware = [path for folder in folders for path in sorted(folder.glob("*.bin*"))]
    driver = find_library("libze_intel_npu.so", root) or find_library("libze_intel_vpu.so", root)
    return [
        _plugin(plugins, "libopenvino_intel_npu_plugin.so"),
        Finding("ok", f"firmware {firmware[0].name}")
        if firmware
        else Finding("warning", "no firmware in /lib/firmware/intel/vpu", f"package intel-fw-npu; {_NPU_PAGE}"),
        _library(root, "libze_loader.so.1", "Level Zero loader", f"apt-get install libze1 or level-zero; {_NPU_PAGE}"),
        Finding("ok", f"Level Zero driver {driver.name}")
        if driver
        else Finding("warning", "libze_intel_npu.so is absent", f"package intel-level-zero-npu; {_NPU_PAGE}"),
        _npu_compiler(root, plugins),
    ]


def _npu_compiler(root: Path, plugins: Path) -> Finding:
    """Look for the compiler, which is either OpenVINO's or the driver's."""
    if (plugins / _NPU_COMPILER).exists():
        return Finding("ok", f"compiler {_NPU_COMPILER}, in OpenVINO's package")
    in_driver = find_library("libnpu_driver_compiler.so", root)
    if in_driver:
        return Finding("ok", f"compiler {in_driver.name}, of the driver")
    return Finding(
        "warning",
        f"no compiler: neither {_NPU_COMPILER} (not in OpenVINO's PyPI package) nor libnpu_driver_compiler.so",
        f"package intel-driver-compiler-npu; {_NPU_PAGE}",
    )


def _plugin(plugins: Path, name: str) -> Finding:
    if (plugins / name).exists():
        return Finding("ok", f"OpenVINO's {name}")
    return Finding("warning", f"OpenVINO's {name} is absent", "pip install --force-reinstall openvino")


def _library(root: Path, name: str, title: str, remedy: str) -> Finding:
    found = find_library(name, root)
    return Finding("ok", f"{title} {found.name}") if found else Finding("warning", f"{name} is absent", remedy)
