"""What the operating system tells of the box: read from files, below a root that tests can replace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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


def read_text(path: Path) -> str:
    """Return a file's text, "" where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def find_library(name: str, root: Path = Path("/")) -> Path | None:
    """Return where a shared library lies, by the beginning of its file name, or None.

    Looks in the usual folders, in those of /etc/ld.so.conf.d and in $LD_LIBRARY_PATH; nothing is loaded.
    """
    for folder in _library_folders(root):
        found = next(iter(sorted(folder.glob(f"{name}*"))), None) if folder.is_dir() else None
        if found is not None:
            return found
    return None


def _library_folders(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _LIBRARY_FOLDERS)
    for config in sorted((root / "etc/ld.so.conf.d").glob("*.conf")):
        lines = (line.strip() for line in read_text(config).splitlines())
        yield from (root / line.lstrip("/") for line in lines if line.startswith("/"))
    yield from (root / item.lstrip("/") for item in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if item)


def intel_pci_devices(device_class: str, root: Path = Path("/")) -> list[str] | None:
    """Return the addresses of Intel's devices of a class on the PCI bus, or None where it cannot be seen.

    Args:
        device_class: The beginning of the class: "0x03" for displays, "0x12" for processing accelerators.
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


def has_module(name: str, root: Path = Path("/")) -> bool:
    """Whether a kernel module is loaded or built in."""
    return (root / "sys/module" / name).exists()
