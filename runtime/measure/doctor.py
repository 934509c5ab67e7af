"""What a machine has, why a GPU or an NPU is not available, and whether its devices compute correctly."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import openvino as ov
import psutil

from i3d_edge.core.finding import Finding
from i3d_edge.core.fold import BEST_FOLD, CpuKind, cpu_kind
from i3d_edge.core.processor import ContainerLimits, Processor, container_limits, isa_limits, read_processor
from i3d_edge.core.text import plural
from i3d_edge.runtime.hardware.access import access_finding
from i3d_edge.runtime.inference.devices import device_family
from i3d_edge.runtime.measure.self_test import check_device

ACCELERATORS = ("GPU", "NPU")
"""What a machine may have beside its CPU."""

_PRECISIONS = {"FP32": "f32", "BF16": "bf16", "FP16": "f16", "INT8": "int8"}
_PRECISION_NAMES = {"bfloat16": "bf16", "float16": "f16", "float": "f32", "float32": "f32"}
_WHY_INT8: Mapping[CpuKind, str] = {
    "amx": " by design (AMX is not measured)",
    "bf16": ": AVX-512 VNNI computes them",
    "vnni": ": VNNI computes them",
    "avx2": ", also without VNNI",
}
_GIB = 1 << 30


def examine(root: Path = Path("/")) -> dict[str, Iterable[Finding]]:
    """Return findings on OpenVINO, processor, memory, and each device that is there or might be, by part."""
    core = ov.Core()
    limits = container_limits()
    families = {device_family(name) for name in core.available_devices}
    return {
        "openvino": [_openvino(core)],
        "processor": processor_findings(read_processor(), limits),
        "memory": _memory(limits),
        **{device: _device(core, device) for device in core.available_devices},
        **{family: [absent_finding(family, root)] for family in ACCELERATORS if family not in families},
    }


def processor_findings(processor: Processor, limits: ContainerLimits) -> Iterable[Finding]:
    """Yield what a processor can do, and which IR suits it."""
    features = processor.features
    cores = f" on {plural(processor.num_cores, 'core')}" if processor.num_cores else ""
    yield Finding("ok", f"{processor.name}, {plural(processor.num_cpus, 'CPU')}{cores}")
    if kept := [f"{name}={value}" for name, value in isa_limits().items()]:
        yield Finding("note", f"OpenVINO uses no newer instructions: {', '.join(kept)}")
    if limits.cpus is not None and limits.cpus < processor.num_cpus:
        yield Finding("note", f"this container may use the time of {limits.cpus:g} CPUs")
    if not features:
        yield Finding("note", "its instruction sets are unknown, or older than AVX2")
        return
    yield Finding("ok", ", ".join(features))
    if features[0].startswith("AVX"):
        kind = cpu_kind(features)
        floats, int8 = (fold or "none" for fold in BEST_FOLD[kind])
        yield Finding(
            "note", f"INT8 models are the fastest{_WHY_INT8[kind]}; best `--fold`: {int8} for INT8, {floats} for FP32"
        )


def _memory(limits: ContainerLimits) -> Iterable[Finding]:
    memory = psutil.virtual_memory()
    yield Finding("ok", f"{memory.total / _GIB:.1f} GiB, {memory.available / _GIB:.1f} GiB free")
    if limits.memory_mib is not None and limits.memory_mib << 20 < memory.total:
        yield Finding("note", f"this container may use {limits.memory_mib / 1024:.1f} GiB")


def absent_finding(family: str, root: Path) -> Finding:
    """Return why there is no device of a family."""
    found = access_finding(family, root)
    if found is None or found.level == "ok":
        return Finding(
            "warning",
            f"not available, though this user can open the {family}",
            'install its driver (OpenVINO\'s documentation, "Configurations for Intel ..."), or read dmesg',
        )
    return Finding(
        "note", f"not available: {found.text}", found.remedy or "to use one in a virtual machine, pass it through"
    )


def _openvino(core: ov.Core) -> Finding:
    files = [path.name for path in (Path(ov.__file__).parent / "libs").glob("libopenvino_*_plugin.so")]
    names = sorted(re.sub(r"^libopenvino_(?:intel_)?|_plugin\.so$", "", name).upper() for name in files)
    version = ov.__version__.partition("-")[0] + (f"; plugins {', '.join(names)}" if names else "")
    if not core.available_devices:
        return Finding(
            "broken", f"{version}; no device works, not even the CPU", "pip install --force-reinstall openvino"
        )
    return Finding("ok", version)


def _device(core: ov.Core, device: str) -> Iterable[Finding]:
    yield Finding("ok", f"{core.get_property(device, 'FULL_DEVICE_NAME')}{_computes(core, device)}")
    yield check_device(core, device)


def _computes(core: ov.Core, device: str) -> str:
    """Return the precisions of a device, and its default, as text."""
    able = _ask(core, device, "OPTIMIZATION_CAPABILITIES")
    names = [short for name, short in _PRECISIONS.items() if name in (able if isinstance(able, Sequence) else ())]
    own = re.search(r"'(\w+)'", str(_ask(core, device, "INFERENCE_PRECISION_HINT")))
    default = _PRECISION_NAMES.get(own[1]) if own else None
    return (f"; has {', '.join(names)}" if names else "") + (f"; computes in {default} by default" if default else "")


def _ask(core: ov.Core, device: str, name: str) -> object:
    try:
        return core.get_property(device, name)
    except RuntimeError:
        return None
