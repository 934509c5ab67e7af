import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from small import SPEC, small_model, write_small_ir

from i3d_edge.core.errors import ClipShapeError, DeviceError
from i3d_edge.core.files import sha256_file
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.runtime.measure import probe as room
from i3d_edge.runtime.measure.bench import Timing
from i3d_edge.runtime.measure.probe import generated_clips, probe, recommend
from i3d_edge.runtime.measure.profile import Measurement, Setting

LATENCY = Setting(device="CPU", inference_precision=None, mode="latency", num_streams=None)
THROUGHPUT = dataclasses.replace(LATENCY, mode="throughput", num_streams=2)


def run(setting: Setting, ms: float, difference: float = 0.0) -> Measurement:
    return Measurement(
        setting=setting,
        executed_precision="f32",
        load_s=0.1,
        load_memory_mib=1.0,
        latency_p50_ms=ms if setting.mode == "latency" else None,
        clips_per_s=1000 / ms,
        num_rounds=3,
        max_prob_difference=difference,
        num_same_top1=1,
    )


F32 = dataclasses.replace(LATENCY, inference_precision="f32")


def test_recommendations(subtests: pytest.Subtests) -> None:
    for runs, aim, best in [
        ([run(LATENCY, 10), run(F32, 20), run(THROUGHPUT, 5)], "latency", LATENCY),
        ([run(LATENCY, 10), run(F32, 20), run(THROUGHPUT, 5)], "throughput", THROUGHPUT),
        ([run(LATENCY, 4), run(THROUGHPUT, 5)], "throughput", LATENCY),
        ([run(LATENCY, 10), run(THROUGHPUT, 9.9)], "throughput", LATENCY),
        ([run(LATENCY, 10, 0.2), run(F32, 20)], "latency", F32),
        ([run(LATENCY, 10.2), run(F32, 10)], "latency", LATENCY),
        ([run(LATENCY, 12), run(F32, 10)], "latency", F32),
        ([run(LATENCY, 10, 0.1), run(F32, 20)], "latency", LATENCY),
        ([run(LATENCY, 10, float("nan")), run(F32, 20)], "latency", F32),
        ([run(THROUGHPUT, 10)], "latency", None),
        ([run(LATENCY, 10, 0.2)], "throughput", None),
        ([], "latency", None),
    ]:
        with subtests.test(best=best):
            assert recommend(runs, aim) == best


def test_generated_clips_are_all_different_and_always_the_same() -> None:
    clips = [clip.frames for clip in generated_clips(SPEC, 4)]
    assert {clip.shape for clip in clips} == {(9, 32, 32, 3)}
    assert len({clip.tobytes() for clip in clips}) == 4
    assert all(np.ptp(clip) > 150 for clip in clips)
    assert all(np.any(clip[0] != clip[-1]) for clip in clips)
    assert np.array_equal(generated_clips(SPEC, 1)[0].frames, clips[0])


def test_a_flow_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flow = i3d_spec(labels=SPEC.labels, stream="flow")
    monkeypatch.setattr(room, "read_ir", lambda _path, **_options: (small_model(), flow))
    with pytest.raises(ClipShapeError, match="the model takes flow; this works with RGB models only"):
        probe(tmp_path / "m.xml")


def test_this_machine(tmp_path: Path) -> None:
    path = write_small_ir(tmp_path / "m.xml")
    profile = probe(path, num_clips=2, rounds=2)
    cpu = profile.devices[0]
    assert (cpu.device, cpu.status, cpu.reason, cpu.unsupported) == ("CPU", "measured", None, {})
    assert [item.device for item in profile.devices if item.status == "absent"] == [
        name for name in ("GPU", "NPU") if name not in ov.Core().available_devices
    ]
    asked = [(own.setting.mode, own.num_rounds) for own in cpu.measurements]
    assert asked in ([("latency", 2), ("latency", 2), ("throughput", 1)], [("latency", 2), ("throughput", 1)])
    assert cpu.measurements[-1].setting.num_streams
    assert all(own.max_prob_difference < 0.05 and own.num_same_top1 == 2 for own in cpu.measurements)
    assert profile.recommended in [own.setting for own in cpu.measurements]
    assert (profile.model.sha256, profile.model.weights_sha256) == (sha256_file(path), sha256_file(tmp_path / "m.bin"))
    assert profile.versions["openvino"]
    assert (profile.clip_source, profile.num_clips, profile.prob_bound) == ("generated", 2, 0.1)


class FakeEngine:
    """An engine whose answers depend on where it runs: the GPU's are wrong, the NPU refuses."""

    def __init__(self, _path: Path, *, device: str = "CPU", mode: str = "latency", **options: Any) -> None:
        if device == "NPU":
            raise DeviceError("device 'NPU' cannot run the model: no")
        self.device, self.mode, self.spec, self.precision = device, mode, SPEC, options["inference_precision"] or "f16"
        self.num_streams = 4

    def probabilities(self, _clip: np.ndarray) -> np.ndarray:
        order = [4, 3, 2, 1, 0] if self.device.startswith("GPU") else [0, 1, 2, 3, 4]
        return np.array([0.6, 0.2, 0.1, 0.06, 0.04], np.float32)[order]


class FakeCore:
    """A machine with everything."""

    available_devices = ("CPU", "GPU.0", "NPU")

    def get_property(self, device: str, name: str) -> Any:
        if device == "NPU" and name != "FULL_DEVICE_NAME":
            raise RuntimeError("no such property")
        return ov.Type.f32 if name == "INFERENCE_PRECISION_HINT" and device == "CPU" else f"the {device}'s {name}"

    def query_model(self, model: ov.Model, device: str) -> dict[str, str]:
        if device == "NPU":
            raise RuntimeError("Exception from plugin.cpp:1:\nno compiler\n")
        untaken = ("MaxPool",) if device == "GPU.0" else ()
        return {node.get_friendly_name(): device for node in model.get_ops() if node.get_type_name() not in untaken}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(room, "Engine", FakeEngine)
    monkeypatch.setattr(room.ov, "Core", FakeCore)
    monkeypatch.setattr(room, "read_ir", lambda _path, **_options: (small_model(), SPEC))
    monkeypatch.setattr(
        room, "bench", lambda engines, rounds: {name: Timing(own, (10.0,) * rounds) for name, own in engines.items()}
    )
    write_files(tmp_path)
    return tmp_path / "m.xml"


def write_files(folder: Path) -> None:
    (folder / "m.xml").write_text("graph")
    (folder / "m.bin").write_text("weights")


def test_a_machine_with_a_gpu_and_an_npu(machine: Path) -> None:
    profile = probe(machine, num_clips=2, rounds=4)
    cpu, gpu, npu = profile.devices
    assert [(own.setting.inference_precision, own.setting.mode) for own in cpu.measurements] == [
        (None, "latency"),
        (None, "throughput"),
    ]
    assert (gpu.status, gpu.full_name, gpu.unsupported) == ("measured", "the GPU.0's FULL_DEVICE_NAME", {"MaxPool": 2})
    assert [(own.setting.inference_precision, own.setting.mode) for own in gpu.measurements] == [
        (None, "latency"),
        ("f32", "latency"),
        (None, "throughput"),
    ]
    assert [(own.num_same_top1, round(own.max_prob_difference, 2)) for own in gpu.measurements] == [(0, 0.56)] * 3
    assert gpu.measurements[2].setting.num_streams == 4
    assert (npu.status, npu.reason, npu.measurements) == ("refused", "no compiler", ())
    assert profile.recommended == cpu.measurements[0].setting


def test_devices_that_are_asked_for(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeCore, "available_devices", ("CPU", "NPU"))
    monkeypatch.setattr(FakeCore, "query_model", lambda _self, model, _device: {})
    monkeypatch.setattr(room, "why_absent", lambda family: f"no {family} here")
    found = probe(machine, num_clips=1, devices=["HETERO:GPU,CPU", "NPU", "AUTO:CPU"]).devices
    assert [(item.device, item.status) for item in found] == [
        ("HETERO:GPU,CPU", "absent"),
        ("NPU", "refused"),
        ("AUTO:CPU", "measured"),
    ]
    assert found[0].reason == "no GPU here"
    assert found[1].reason == "device 'NPU' cannot run the model: no"
    assert found[1].unsupported["Convolution"] == 1
    assert found[2].full_name is None


def test_a_device_that_nobody_knows(machine: Path) -> None:
    with pytest.raises(DeviceError, match=r"no device 'FPGA' on this machine; available: CPU, GPU\.0, NPU"):
        probe(machine, num_clips=1, devices=["FPGA"])
