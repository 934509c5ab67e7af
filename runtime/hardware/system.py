"""Files in which Linux describes the machine, below a root that tests can replace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from i3d_edge.core.processor import read_text

_LIBRARY_FOLDERS = (
    "lib",
    "lib64",
    "lib/x86_64-linux-gnu",
    "usr/lib",
    "usr/lib64",
    "usr/lib/x86_64-linux-gnu",
    "usr/local/lib",
    "usr/local/lib/x86_64-linux-gnu",
)
INTEL = "0x8086"


def find_library(name: str, root: Path = Path("/")) -> Path | None:
    """Return the path of a shared library whose file name begins with `name`, or None. Nothing is loaded.

    Searches the usual folders, those in /etc/ld.so.conf.d, and $LD_LIBRARY_PATH.
    """
    files = (path for folder in _library_folders(root) for path in sorted(folder.glob(f"{name}*")))
    return next(files, None)


def _library_folders(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _LIBRARY_FOLDERS)
    for config in sorted((root / "etc/ld.so.conf.d").glob("*.conf")):
        lines = (line.strip() for line in read_text(config).splitlines())
        yield from (root / line.lstrip("/") for line in lines if line.startswith("/"))
    yield from (root / item.lstrip("/") for item in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if item)


def intel_pci_devices(device_class: str, root: Path = Path("/")) -> list[str] | None:
    """Return the PCI addresses of Intel's devices of a class, or None if the bus is not visible.

    Args:
        device_class: How the class begins: "0x03" for displays, "0x12" for processing accelerators.
        root: Of the file system.
    """
    bus = root / "sys/bus/pci/devices"
    if not bus.is_dir():
        return None
    return [
        item.name
        for item in sorted(bus.iterdir())
        if read_text(item / "vendor").strip() == INTEL and read_text(item / "class").startswith(device_class)
    ]
