"""What ran: the class of hardware, never a name or a path of the machine."""

from __future__ import annotations

import platform

from i3d_edge.core.processor import Processor

PACKAGES = ("tensorflow", "openvino", "nncf", "onnxruntime", "torch", "numpy")
"""Whose versions a result states."""

_VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}
_NOTABLE = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni")
_LESSER = ("avx512f", "avx2")  # said where none of the notable ones is there


def num_cores(processor: Processor) -> int:
    """Return how many physical cores there are, or logical ones where the system does not tell."""
    return processor.num_cores or processor.num_cpus


def hardware_class(processor: Processor, architecture: str | None = None) -> str:
    """Return for instance "2 cores, AMD x86-64 with avx512_bf16, avx512_vnni, no AMX"."""
    cores, features = num_cores(processor), _features(processor)
    architecture = _architecture() if architecture is None else architecture
    maker = f"{_VENDORS.get(processor.vendor, '')} {architecture}".strip()
    text = f"{cores} core{'s' if cores != 1 else ''}, {maker}"
    if architecture != "x86-64":
        return text
    text += f" with {', '.join(features)}" if features else ""
    return text if any(name.startswith("amx") for name in features) else f"{text}, no AMX"


def slug(processor: Processor, architecture: str | None = None) -> str:
    """Return the same as a file name, for instance "2-core-amd-x86-64-avx512_bf16-avx512_vnni"."""
    vendor = _VENDORS.get(processor.vendor, "").lower()
    architecture = _architecture() if architecture is None else architecture
    return "-".join(filter(None, (f"{num_cores(processor)}-core", vendor, architecture, *_features(processor))))


def _architecture() -> str:
    return platform.machine().replace("x86_64", "x86-64")


def _features(processor: Processor) -> list[str]:
    notable = [name for name in _NOTABLE if name in processor.flags]
    return notable or [name for name in _LESSER if name in processor.flags][:1]
