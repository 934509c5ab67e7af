"""This box, as a profile records it: by class and version, without names or paths."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from i3d_edge.runtime.hardware.cpu import read_processor
from i3d_edge.runtime.measure.profile import Machine

_PACKAGES = ("openvino", "i3d-edge", "numpy", "av", "opencv-contrib-python-headless")
_KIB_PER_MIB = 1024


def this_machine() -> Machine:
    """Return the class of this machine."""
    processor = read_processor()
    return Machine(cpu=processor.name, num_cpus=processor.num_cpus, cpu_features=processor.features)


def these_versions() -> dict[str, str]:
    """Return the versions of what runs models here."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def resident_mib(root: Path = Path("/")) -> float | None:
    """Return how much memory this process holds, in MiB; None where the system does not tell."""
    try:
        lines = (root / "proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / _KIB_PER_MIB for line in lines if line.startswith("VmRSS:")), None)
