"""How many cameras are carried: small models and short videos, and never a bound that a busy machine could break."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from small import write_small_ir
from synthetic import write_numbered

from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.errors import ArgumentError, I3DError, StreamOpenError
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live.answers import StreamAnswers
from i3d_edge.runtime.measure import cameras as room
from i3d_edge.runtime.measure.cameras import keeps_up, probe_cameras
from i3d_edge.runtime.measure.profile import CameraRun, Setting

SETTING = Setting(device="CPU", inference_precision=None, mode="latency", num_streams=None)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("small") / "small.xml")


@pytest.fixture(scope="module")
def steps(model: Path) -> Path:
    make_step_ir(model, model.with_name("steps.xml"), hop=2, mode="exact")
    return model.with_name("steps.xml")


@pytest.fixture(scope="module")
def video(model: Path) -> Path:
    return write_numbered(model.with_name("video.mp4"), 25)


@pytest.mark.parametrize(
    ("num_dropped", "p95_ms", "pace", "is_carried"),
    [
        (0, 100.0, 1.0, True),
        (0, 100.0, 0.95, True),
        (1, 50.0, 1.0, False),
        (0, 100.1, 1.0, False),
        (0, None, 1.0, False),
        (0, 50.0, 0.94, False),
    ],
)
def test_what_is_carried(num_dropped: int, p95_ms: float | None, pace: float, is_carried: bool) -> None:
    assert keeps_up(num_dropped, p95_ms, pace, bound_ms=100.0) == is_carried


@pytest.mark.parametrize(
    ("name", "hop", "expected"),
    [("small", None, (25, 1040, 15)), ("small", 125, (125, 5040, 20)), ("steps", None, (2, 120, 15))],
)
def test_cameras_are_added_until_one_is_too_many(
    name: str,
    hop: int | None,
    expected: tuple[float, ...],
    model: Path,
    steps: Path,
    video: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measure(cameras: list[object], **_options: float) -> CameraRun:
        return run(len(cameras), is_carried=len(cameras) < 3)

    monkeypatch.setattr(room, "_measure", measure)
    found = probe_cameras(model.with_name(f"{name}.xml"), video, SETTING, hop=hop)
    assert (found.num_carried, [run.num_cameras for run in found.runs]) == (2, [1, 2, 3])
    assert (found.hop, found.latency_bound_ms, found.measured_s) == pytest.approx(expected)
    assert (found.video, found.setting) == ("video.mp4", SETTING)


def run(num_cameras: int, *, is_carried: bool) -> CameraRun:
    return CameraRun(
        num_cameras=num_cameras,
        is_carried=is_carried,
        answers_per_s=1.0,
        num_dropped=0,
        latency_p50_ms=1.0,
        latency_p95_ms=2.0,
        pace=1.0,
    )


def test_a_model_that_is_too_slow_carries_no_camera(model: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_answers: StreamAnswers, _clip: np.ndarray) -> np.ndarray:
        time.sleep(0.2)  # two frames are 0.08 s
        return np.full(5, 0.2, np.float32)

    monkeypatch.setattr(StreamAnswers, "infer", answer)
    found = probe_cameras(model, video, SETTING, hop=2, measured_s=0.6)
    [alone] = found.runs
    assert (found.num_carried, alone.num_cameras, alone.is_carried) == (0, 1, False)
    assert alone.latency_p50_ms is not None
    assert alone.latency_p50_ms >= 200
    assert 0 < alone.answers_per_s <= 5.5


def test_cameras_follow_steps_at_once(steps: Path, video: Path) -> None:
    engine = Engine(steps, hop=2)
    cameras = [room._Camera(engine, video, 2) for _ in range(2)]
    both = room._measure(cameras, warm_up_s=60, measured_s=0.2, bound_ms=120)
    assert both.num_cameras == 2
    assert all(len(camera.answers) >= 2 for camera in cameras)
    assert all(camera.pace(0.0) > 0 for camera in cameras)


def test_pace_is_that_of_the_windows_not_of_their_answers(model: Path, video: Path) -> None:
    camera = room._Camera(Engine(model), video, 25)
    # Windows end at 1, 2 and 3 s of stream, and their last frames arrive at 11.25, 12.5 and 13.75 s.
    camera.answers = [(11.35, 1.0, 100.0), (12.9, 2.0, 400.0), (13.95, 3.0, 200.0)]
    assert [camera.pace(since_s) for since_s in (0.0, 12.0, 13.0)] == pytest.approx([0.8, 0.8, 0.0])


def test_what_cannot_be_played_or_stepped_is_refused(model: Path, steps: Path, video: Path) -> None:
    with pytest.raises(StreamOpenError, match=r"small\.bin"):
        probe_cameras(model, model.with_suffix(".bin"), SETTING)
    with pytest.raises(ArgumentError, match="the model's steps are of 2 frames; a hop of 4 takes another step model"):
        probe_cameras(steps, video, SETTING, hop=4)


def test_what_ends_a_camera_ends_the_measurement(model: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_answers: StreamAnswers, _clip: np.ndarray) -> np.ndarray:
        raise I3DError("the model gives up")

    monkeypatch.setattr(StreamAnswers, "infer", fail)
    with pytest.raises(I3DError, match="gives up"):
        probe_cameras(model, video, SETTING, hop=2)
