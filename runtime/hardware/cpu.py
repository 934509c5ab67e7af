"""The processor and the memory that this process may use."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.runtime.hardware.system import read_text

_FEATURES = {
    "avx2": "AVX2",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 bf16",
    "avx512_fp16": "AVX-512 fp16",
    "amx_bf16": "AMX bf16",
    "amx_int8": "AMX int8",
    "asimd": "NEON",
    "asimddp": "NEON dot product",
    "i8mm": "NEON int8 matrix",
    "bf16": "NEON bf16",
    "sve": "SVE",
}
"""What decides how fast a network runs, by the names that Linux gives."""

_UNLIMITED_MIB = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What this process may compute with.

    Attributes:
        name: The product's, or the architecture where the system does not tell it.
        num_cpus: Logical processors that it may use.
        num_cores: Physical ones among them; None where the system does not tell.
        cpu_limit: A container's limit, in processors' time; None without one.
        features: Instructions that decide the speed, as their makers call them.
        memory_mib: Of the machine, or a container's limit if that is less; None where the system does not tell.
        free_memory_mib: What of it is free now; None where the system does not tell.
    """

    name: str
    num_cpus: int
    num_cores: int | None
    cpu_limit: float | None
    features: tuple[str, ...]
    memory_mib: int | None
    free_memory_mib: int | None


def read_processor(root: Path = Path("/"), usable: Collection[int] | None = None) -> Processor:
    """Describe the processor.

    Args:
        root: Of the file system.
        usable: Numbers of the logical processors that may be used; asked of the system if not given.
    """
    numbers = usable if usable is not None else _usable()
    blocks = [_fields(block) for block in read_text(root / "proc/cpuinfo").split("\n\n") if block.strip()]
    mine = [fields for fields in blocks if fields.get("processor", "-1") in map(str, numbers)]
    first = (mine or blocks or [{}])[0]
    cores = {(fields.get("physical id"), fields["core id"]) for fields in mine if "core id" in fields}
    flags = (first.get("flags") or first.get("Features") or "").split()
    meminfo = _fields(read_text(root / "proc/meminfo"))
    total, free = _mib(meminfo.get("MemTotal")), _mib(meminfo.get("MemAvailable"))
    limit = _memory_limit_mib(root)
    known = [size for size in (total, limit) if size is not None]
    return Processor(
        name=first.get("model name") or platform.processor() or platform.machine(),
        num_cpus=len(numbers),
        num_cores=len(cores) or None,
        cpu_limit=_cpu_limit(root),
        features=tuple(name for flag, name in _FEATURES.items() if flag in flags),
        memory_mib=min(known, default=None),
        free_memory_mib=free if limit is None or free is None else min(free, limit),
    )


def _usable() -> Collection[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _mib(value: str | None) -> int | None:
    """Read "2048 kB"."""
    return int(value.split()[0]) // 1024 if value else None


def _cgroup_folders(root: Path, controller: str) -> list[Path]:
    """Return where the limits of this process may stand, for either version of control groups, innermost first."""
    base, folders = root / "sys/fs/cgroup", []
    for line in read_text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            folders.append(base / path.lstrip("/"))
        elif controller in controllers.split(","):
            folders.append(base / controller / path.lstrip("/"))
    return [*folders, base, base / controller]


def _cpu_limit(root: Path) -> float | None:
    for folder in _cgroup_folders(root, "cpu"):
        quota, period = [*read_text(folder / "cpu.max").split(), "", ""][:2]
        if not quota:
            quota, period = read_text(folder / "cpu.cfs_quota_us").strip(), read_text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.strip().isdigit():
            return int(quota) / int(period)
    return None


def _memory_limit_mib(root: Path) -> int | None:
    for folder in _cgroup_folders(root, "memory"):
        text = read_text(folder / "memory.max").strip() or read_text(folder / "memory.limit_in_bytes").strip()
        if text.isdigit() and int(text) >> 20 < _UNLIMITED_MIB:
            return int(text) >> 20
    return None
