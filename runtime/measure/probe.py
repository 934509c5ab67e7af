"""Tries an IR on each device of this machine: times it, and compares its answers with f32 on the CPU."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.device import normalise_device
from i3d_edge.core.environment import versions
from i3d_edge.core.errors import DeviceError, I3DError
from i3d_edge.core.processor import resident_mib
from i3d_edge.core.progress import phase
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.generated import PATTERNS, golden_pixels
from i3d_edge.runtime.hardware.access import why_absent
from i3d_edge.runtime.inference.devices import device_family, device_parts, first_reason, is_virtual, require_device
from i3d_edge.runtime.inference.engine import Engine, Mode
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.inference.ir import ir_sha256, read_ir
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.measure.bench import bench
from i3d_edge.runtime.measure.cameras import probe_cameras
from i3d_edge.runtime.measure.doctor import ACCELERATORS
from i3d_edge.runtime.measure.profile import DeviceFindings, Machine, Measurement, ModelIdentity, Profile, Setting
from i3d_edge.runtime.views.clip import Clip, read_clips, require_rgb

PROB_BOUND = 0.1
"""A setting is not recommended if any probability is farther from f32 on the CPU. Our choice: rounding stays below."""

_F32 = "f32"
_NOISE = 0.05
"""Settings whose speeds differ by no larger part are taken for equally fast."""


def probe(
    ir_path: Path,
    *,
    videos: Sequence[Path] = (),
    num_clips: int = 3,
    devices: Sequence[str] = (),
    rounds: int = 5,
    aim: Mode = "latency",
    spec_path: Path | None = None,
    cameras: Path | None = None,
    hop: int | None = None,
) -> Profile:
    """Try an IR on devices, and find out how many cameras it follows.

    Answers are compared with f32 on the CPU on `num_clips` generated clips, or as many of each video, on all devices
    that are there if none is given. Each setting is timed in `rounds`, or half as many where several clips run at once;
    `aim` is the mode to recommend one for. `cameras` is a video to play with that as more and more cameras at once, see
    `probe_cameras`; the IR may then be a step model, of which nothing else is tried.

    Raises IRError, ArgumentError for a step model of another hop, ClipShapeError if no pixels are taken, VideoError,
    StreamError, and DeviceError if a device is unknown or the CPU does not run the model.
    """
    core = ov.Core()
    model, spec = read_ir(ir_path, spec_path=spec_path, steps=cameras is not None)
    require_rgb(spec)
    asked = [normalise_device(device) for device in devices]
    if cameras is not None:
        Address.parse(str(cameras)).require_file()
    clips, absences = [], {}
    if spec.stepping is None:
        clips = [clip for path in videos for clip in read_clips(path, spec, num_clips=num_clips).clips]
        clips = clips or generated_clips(spec, num_clips)
        absences = {device: _absence(core, device) for device in asked or _all_devices(core)}
    known = None
    if None in absences.values():
        with phase("trying f32 on the CPU, to compare with"):
            known = _probabilities(Engine(ir_path, inference_precision=_F32, spec_path=spec_path), clips)
    found = []
    for device, reason in absences.items():
        if known is None or reason is not None:
            found.append(DeviceFindings(device=device, status="absent", reason=reason or ""))
        else:
            attempt = partial(_run, ir_path, clips=clips, known=known, rounds=rounds, spec_path=spec_path)
            found.append(_present(core, model, device, attempt))
    recommended = recommend([run for item in found for run in item.measurements], aim)
    if spec.stepping:
        recommended = Setting(device=[*asked, "CPU"][0], inference_precision=None, mode=aim, num_streams=None)
    played = None
    if cameras and recommended:
        played = probe_cameras(ir_path, cameras, recommended, hop=hop, spec_path=spec_path)
    return Profile(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        model=_identity(ir_path, spec),
        machine=Machine.here(),
        versions=versions(),
        clip_source="videos" if videos else "generated",
        num_clips=len(clips),
        prob_bound=PROB_BOUND,
        devices=tuple(found),
        recommended=recommended,
        cameras=played,
    )


def generated_clips(spec: ModelSpec, num_clips: int) -> list[Clip]:
    """Return clips of moving patterns, each from another seed, for an RGB model."""
    patterns = list(PATTERNS)
    pixels = [golden_pixels(spec, patterns[number % len(patterns)], number) for number in range(num_clips)]
    return [Clip(clip[0], 0.0, 0.0) for inputs in pixels for clip in inputs.values()]


def recommend(runs: Iterable[Measurement], aim: Mode) -> Setting | None:
    """Return the best setting among those that answer as f32 on the CPU does, within a bound; None if there is none.

    Of settings that are as fast but for noise, the first one tried counts: it leaves most to the device.
    """
    right = [run for run in runs if run.max_prob_difference <= PROB_BOUND]
    if aim == "latency":
        right = [run for run in right if run.latency_p50_ms is not None]
    fastest = max((run.clips_per_s for run in right), default=0.0)
    return next((run.setting for run in right if run.clips_per_s >= fastest * (1 - _NOISE)), None)


def _all_devices(core: ov.Core) -> list[str]:
    available = list(core.available_devices)
    families = {device_family(name) for name in available}
    return [*available, *(family for family in ACCELERATORS if family not in families)]


def _absence(core: ov.Core, device: str) -> str | None:
    """Return why a device is not there; None if it is; raises DeviceError if it is nothing that is known."""
    try:
        require_device(core, device)
    except DeviceError:
        absent = [name for name in device_parts(device) or [device] if _is_absent(core, name)]
        if not all(device_family(name) in ACCELERATORS for name in absent):
            raise
        return why_absent(device_family(absent[0])) or "OpenVINO does not list it"
    return None


def _is_absent(core: ov.Core, device: str) -> bool:
    return device_family(device) not in {device_family(name) for name in core.available_devices}


def _present(core: ov.Core, model: ov.Model, device: str, attempt: Callable[[Setting], Measurement]) -> DeviceFindings:
    """Try all settings of a device, one after the other, so that none takes the memory or the cores of another."""
    unsupported, refusal = _unsupported(core, model, device)
    done = []
    for setting in [] if refusal else _settings(core, device):
        try:
            done.append(attempt(setting))
        except I3DError as error:
            refusal = refusal or error.message
    return DeviceFindings(
        device=device,
        full_name=None if is_virtual(device) else str(core.get_property(device, "FULL_DEVICE_NAME")),
        status="measured" if done else "refused",
        reason=refusal,
        unsupported=unsupported,
        measurements=tuple(done),
    )


def _settings(core: ov.Core, device: str) -> list[Setting]:
    """Return what to try: the device's own precision, f32 where that is another, and several clips at once."""
    own = Setting(device=device, inference_precision=None, mode="latency", num_streams=None)
    several = replace(own, mode="throughput")
    if device_family(device) == "NPU" or is_virtual(device) or _computes_in_f32(core, device):
        return [own, several]
    return [own, replace(own, inference_precision=_F32), several]


def _computes_in_f32(core: ov.Core, device: str) -> bool:
    try:
        return bool(core.get_property(device, "INFERENCE_PRECISION_HINT") == ov.Type.f32)
    except RuntimeError:
        return False


def _unsupported(core: ov.Core, model: ov.Model, device: str) -> tuple[dict[str, int], str | None]:
    """Ask a device which operators it does not take: how many by type, and why it could not be asked."""
    try:
        taken = core.query_model(model, device)
    except RuntimeError as error:
        return {}, first_reason(error)
    counts: dict[str, int] = {}
    for node in computed_operators(model):
        if node.get_friendly_name() not in taken:
            counts[node.get_type_name()] = counts.get(node.get_type_name(), 0) + 1
    return counts, None


def computed_operators(model: ov.Model) -> Iterable[ov.Node]:
    """Yield the operators that depend on an input; what only constants lead to is computed once, when compiling."""
    depends: set[str] = set()
    for node in model.get_ordered_ops():
        kind, sources = node.get_type_name(), [value.get_node().get_name() for value in node.input_values()]
        if kind == "Parameter" or depends.intersection(sources):
            depends.add(node.get_name())
            if kind != "Result":
                yield node


def _run(
    ir_path: Path, setting: Setting, *, clips: Sequence[Clip], known: Float32Array, rounds: int, spec_path: Path | None
) -> Measurement:
    before_mib, started = resident_mib(), time.perf_counter()
    with phase(f"trying {setting.device}, {setting.inference_precision or 'its own precision'}, {setting.mode}"):
        engine = Engine(ir_path, fallback=False, spec_path=spec_path, **asdict(setting))
        load_s, after_mib = time.perf_counter() - started, resident_mib()
        answers = _probabilities(engine, clips)
    is_alone = setting.mode == "latency"
    timed_rounds = rounds if is_alone else max(1, rounds // 2)  # each of those is several inferences
    timing = bench({"model": engine}, rounds=timed_rounds)["model"]
    return Measurement(
        setting=setting if is_alone else replace(setting, num_streams=engine.num_streams),
        executed_precision=engine.precision,
        load_s=round(load_s, 3),
        load_memory_mib=round(after_mib - before_mib, 1),
        latency_p50_ms=round(timing.percentile_ms(50), 2) if is_alone else None,
        clips_per_s=round(timing.clips_per_s, 3),
        num_rounds=timed_rounds,
        max_prob_difference=float(np.nan_to_num(np.abs(answers - known), nan=1.0).max()),
        num_same_top1=int((answers.argmax(axis=1) == known.argmax(axis=1)).sum()),
    )


def _probabilities(engine: Engine, clips: Sequence[Clip]) -> Float32Array:
    return np.stack([engine.probabilities(model_inputs(clip, engine.spec)) for clip in clips])


def _identity(ir_path: Path, spec: ModelSpec) -> ModelIdentity:
    sha256, weights_sha256 = ir_sha256(ir_path)
    return ModelIdentity(
        name=ir_path.name,
        title=spec.title(),
        weights_precision=spec.precision,
        sha256=sha256,
        weights_sha256=weights_sha256,
    )
