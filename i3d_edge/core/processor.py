"""The processor and the memory that this process may use."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

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
"""The instructions that decide how fast a network runs, by the names that Linux gives them."""

_ISA_VARIABLES = ("OV_CPU_MAX_ISA", "ONEDNN_MAX_CPU_ISA")
_ISA_LIMITS = {
    "SSE41": "",
    "AVX": "",
    "AVX2": "avx2",
    "AVX2_VNNI": "avx2 avx_vnni",
    "AVX2_VNNI_2": "avx2 avx_vnni",
    "AVX512_CORE": "avx2 avx512f",
    "AVX512_CORE_VNNI": "avx2 avx512f avx512_vnni",
    "AVX512_CORE_BF16": "avx2 avx512f avx512_vnni avx512_bf16",
    "AVX512_CORE_FP16": "avx2 avx_vnni avx512f avx512_vnni avx512_bf16 avx512_fp16",
}
"""By value of those variables: what OpenVINO still uses. Other values are none of them, or allow everything here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What this process can compute with."""

    name: str  # the product name, or the architecture where the system does not know it
    vendor: str  # as the processor reports it, for instance "GenuineIntel"; "" if unknown
    num_cpus: int  # logical processors that this process may use
    num_cores: int | None  # physical cores, at most `num_cpus`; None if unknown
    # the instruction sets, as Linux names them, without those that `isa_limits` keep OpenVINO from; empty on other
    # systems
    flags: frozenset[str]

    @property
    def features(self) -> tuple[str, ...]:
        """The instructions that decide the speed of a network, as their makers call them."""
        return tuple(name for flag, name in _FEATURES.items() if flag in self.flags)


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What a container allows this process: the time of so many CPUs, and memory in MiB; None is no limit."""

    cpus: float | None
    memory_mib: int | None


def read_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """Describe the processor; psutil tells nothing of its name and its instructions."""
    first = read_text(cpuinfo).partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    num_cpus, num_cores = usable_cpus(), psutil.cpu_count(logical=False)
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    for limit in isa_limits().values():
        flags -= _FEATURES.keys() - _ISA_LIMITS[limit].split()
    return Processor(
        name=fields.get("model name") or platform.processor() or platform.machine(),
        vendor=fields.get("vendor_id", ""),
        num_cpus=num_cpus,
        num_cores=min(num_cores, num_cpus) if num_cores else None,
        flags=frozenset(flags),
    )


def isa_limits() -> dict[str, str]:
    """Return the variables that keep OpenVINO from newer instructions, with their values."""
    values = {name: os.environ.get(name, "").upper() for name in _ISA_VARIABLES}
    return {name: value for name, value in values.items() if value in _ISA_LIMITS}


def usable_cpus() -> int:
    """Return how many logical processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resident_mib() -> float:
    """Return how much memory this process holds. Unit: MiB."""
    return float(psutil.Process().memory_info().rss) / (1 << 20)


def container_limits(folder: Path = Path("/sys/fs/cgroup")) -> ContainerLimits:
    """Return the limits of the container that this process runs in, from control groups of version 2."""
    quota, period = [*read_text(folder / "cpu.max").split(), "", ""][:2]
    memory = read_text(folder / "memory.max").strip()
    return ContainerLimits(
        cpus=int(quota) / int(period) if quota.isdigit() else None,
        memory_mib=int(memory) >> 20 if memory.isdigit() else None,
    )


def read_text(path: Path) -> str:
    """Return a file's text, or "" if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
