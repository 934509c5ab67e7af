"""What a box has, what it lacks for a GPU or an NPU, and whether it computes and decodes right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import openvino as ov

from i3d_edge.runtime.hardware.cpu import Processor, read_processor
from i3d_edge.runtime.hardware.drivers import driver_findings, plugins_folder
from i3d_edge.runtime.hardware.finding import Finding
from i3d_edge.runtime.inference.devices import device_family
from i3d_edge.runtime.measure.self_test import check_decoding, check_device

ACCELERATORS = ("GPU", "NPU")
"""What a box may have beside its CPU."""

_PRECISIONS = {"FP32": "f32", "BF16": "bf16", "FP16": "f16", "INT8": "int8"}
_PRECISION_NAMES = {"bfloat16": "bf16", "float16": "f16", "float": "f32", "float32": "f32"}
_MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one part of the box."""

    title: str
    findings: tuple[Finding, ...]


def examine(root: Path = Path("/")) -> list[Section]:
    """Look at everything: OpenVINO, processor, memory, each device that is there or might be, and decoding.

    Args:
        root: Of the file system that drivers are looked for in.
    """
    core = ov.Core()
    processor = read_processor(root)
    families = {device_family(name) for name in core.available_devices}
    return [
        Section("openvino", _openvino(core)),
        Section("processor", tuple(processor_findings(processor))),
        Section("memory", tuple(memory_findings(processor))),
        *(Section(device, tuple(_device(core, device, root))) for device in core.available_devices),
        *(Section(family, tuple(absent_findings(family, root))) for family in ACCELERATORS if family not in families),
        Section("video", (check_decoding(),)),
    ]


def processor_findings(processor: Processor) -> Iterable[Finding]:
    """Say what a processor can do, and which IR suits it."""
    cores = f" on {_count(processor.num_cores, 'core')}" if processor.num_cores else ""
    yield Finding("ok", f"{processor.name}, {_count(processor.num_cpus, 'CPU')}{cores}")
    if processor.cpu_limit is not None and processor.cpu_limit < processor.num_cpus:
        yield Finding("note", f"this container may use {processor.cpu_limit:g} CPUs' time of {processor.num_cpus}")
    if not processor.features:
        yield Finding("note", "the system does not tell which instructions it has, or they are none of AVX2 and later")
        return
    yield Finding("ok", ", ".join(processor.features))
    if any(name.startswith("AMX") for name in processor.features):
        yield Finding("note", "has AMX: `i3d convert --fold dhw` suits bf16 and INT8")
    elif any("VNNI" in name for name in processor.features):
        bf16 = any("bf16" in name for name in processor.features)
        yield Finding("note", f"no AMX: `i3d convert --fold hw` suits INT8{', --fold h bf16' if bf16 else ''}")
    elif processor.features[0].startswith("AVX"):
        yield Finding("note", "neither AMX nor VNNI: INT8 has no instructions of its own here")


def memory_findings(processor: Processor) -> Iterable[Finding]:
    """Say how much memory there is."""
    if processor.memory_mib is None:
        yield Finding("note", "the system does not tell")
        return
    free = "" if processor.free_memory_mib is None else f", {processor.free_memory_mib / _MIB_PER_GIB:.1f} GiB free"
    yield Finding("ok", f"{processor.memory_mib / _MIB_PER_GIB:.1f} GiB{free}")


def absent_findings(family: str, root: Path) -> Iterable[Finding]:
    """Say why there is no device of a family, and what it would need."""
    found = driver_findings(family, root)
    missing = [item for item in found if item.level == "warning"]
    if len(found) == 1 and not found[0].remedy:
        yield Finding("note", f"absent: {found[0].text}; a virtual machine has to be given it")
    elif missing:
        yield Finding("note", f"absent; {_count(len(missing), 'thing')} missing for it:")
        yield from missing
    else:
        yield Finding("warning", "absent, though everything it needs was found", "see the kernel's messages: dmesg")
        yield from found


def _openvino(core: ov.Core) -> tuple[Finding, ...]:
    files = [path.name for path in plugins_folder().glob("libopenvino_*_plugin.so")]
    names = sorted(re.sub(r"^libopenvino_(?:intel_)?|_plugin\.so$", "", name).upper() for name in files)
    version = ov.__version__.partition("-")[0]
    listed = f"; plugins {', '.join(names)}" if names else ""
    if not core.available_devices:
        return (
            Finding("broken", f"{version}{listed}, but no device at all", "pip install --force-reinstall openvino"),
        )
    return (Finding("ok", f"{version}{listed}"),)


def _device(core: ov.Core, device: str, root: Path) -> Iterable[Finding]:
    yield Finding("ok", f"{core.get_property(device, 'FULL_DEVICE_NAME')}{_computes(core, device)}")
    yield check_device(core, device)
    yield from (item for item in driver_findings(device_family(device), root) if item.level != "ok")


def _computes(core: ov.Core, device: str) -> str:
    """Say which precisions a device has, and which it takes if it is not told."""
    able = _ask(core, device, "OPTIMIZATION_CAPABILITIES")
    names = [short for name, short in _PRECISIONS.items() if name in (able if isinstance(able, Sequence) else ())]
    own = re.search(r"'(\w+)'", str(_ask(core, device, "INFERENCE_PRECISION_HINT")))
    default = _PRECISION_NAMES.get(own[1]) if own else None
    told = f"; unless told otherwise it computes in {default}" if default else ""
    return f"; has {', '.join(names)}{told}" if names else told


def _ask(core: ov.Core, device: str, name: str) -> object:
    try:
        return core.get_property(device, name)
    except RuntimeError:
        return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
