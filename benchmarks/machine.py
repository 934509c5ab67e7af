"""What ran: the class of hardware and the versions of the engines. Never a name or a path of the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence, Set
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Self

_VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}
_NOTABLE = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni")
_LESSER = ("avx512f", "avx2")  # said where none of the notable ones is there
_CPUINFO = Path("/proc/cpuinfo")

PACKAGES = ("tensorflow", "openvino", "nncf", "onnxruntime", "torch", "numpy")


@dataclass(frozen=True, slots=True)
class Machine:
    """A class of hardware.

    Attributes:
        num_cores: Physical cores that this process may use.
        architecture: As the kernel names it, for instance "x86_64".
        vendor: "AMD", "Intel" or "".
        flags: The CPU's, as Linux names them; empty where there is no /proc/cpuinfo.
    """

    num_cores: int
    architecture: str
    vendor: str
    flags: Set[str]

    @classmethod
    def here(cls) -> Self:
        """Describe the machine that this runs on."""
        cpuinfo = _CPUINFO.read_text(encoding="utf-8") if _CPUINFO.exists() else ""
        usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
        return cls.from_cpuinfo(cpuinfo, usable, platform.machine())

    @classmethod
    def from_cpuinfo(cls, cpuinfo: str, usable: Set[int], architecture: str) -> Self:
        """Describe a machine from the text of /proc/cpuinfo.

        Args:
            cpuinfo: May be empty.
            usable: Numbers of the processors that may be used; two of them may be threads of one core.
            architecture: As the kernel names it.
        """
        processors = [_fields(block) for block in cpuinfo.split("\n\n")]
        here = [fields for fields in processors if fields.get("processor", "-1") in map(str, usable)]
        cores = {(fields.get("physical id"), fields.get("core id", fields["processor"])) for fields in here}
        first = here[0] if here else {}
        return cls(
            num_cores=len(cores) or len(usable),
            architecture=architecture.replace("x86_64", "x86-64"),
            vendor=_VENDORS.get(first.get("vendor_id", ""), ""),
            flags=frozenset(first.get("flags", "").split()),
        )

    @property
    def hardware_class(self) -> str:
        """For instance "2 cores, AMD x86-64 with avx512_bf16, avx512_vnni, no AMX"."""
        cores = f"{self.num_cores} core{'s' if self.num_cores != 1 else ''}"
        found = self._features()
        features = [*found, *([] if any(name.startswith("amx") for name in found) else ["no AMX"])]
        processor = f"{self.vendor} {self.architecture}".strip()
        if self.architecture != "x86-64":
            return f"{cores}, {processor}"
        return f"{cores}, {processor} with {', '.join(features)}" if found else f"{cores}, {processor}, no AMX"

    @property
    def slug(self) -> str:
        """The same as a file name, for instance "2-core-amd-x86-64-avx512_bf16-avx512_vnni"."""
        parts = [f"{self.num_cores}-core", self.vendor.lower(), self.architecture, *self._features()]
        return "-".join(part for part in parts if part)

    def _features(self) -> list[str]:
        notable = [name for name in _NOTABLE if name in self.flags]
        return notable or [name for name in _LESSER if name in self.flags][:1]


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return Python's version and those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
