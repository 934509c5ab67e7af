"""The gate on trial: runs that are killed, models that are broken, and one that only computes more exactly.

64 videos by default; I3D_TRIAL_VIDEOS=400 is the size that the gate is made for. I3D_TRIAL_MODEL=stand-in.xml takes
that IR instead of making one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from freeze.stand_in import LABELS, write_videos
from freeze.stand_in.motion import render_motion
from freeze.stand_in.videos import HEIGHT_PX, NUM_FRAMES, WIDTH_PX, write_video
from killing import run_killed, start_run, timeless
from tabulate import tabulate

from accuracy import Scorer, read_list, run_accuracy
from convert.quantization import quantize_ir
from i3d_edge.cli import main
from i3d_edge.cli._scorers import ModelOptions, ir_scorers
from runtime import Clip, Engine

pytestmark = pytest.mark.slow

NUM_VIDEOS = int(os.environ.get("I3D_TRIAL_VIDEOS", "64"))
CALIBRATION_SEED = 3
FAILED = 3
DEFAULT = "default"


@dataclass(frozen=True)
class Trial:
    """What is tried: the stand-in, its INT8 IR, one that was calibrated on grey pictures, and a list of videos."""

    ir: Path
    int8: Path
    grey: Path
    list_path: Path


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Path:
    given = os.environ.get("I3D_TRIAL_MODEL")
    return Path(given) if given else request.getfixturevalue("demo") / "stand-in.xml"


@pytest.fixture(scope="session")
def trial(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("trial")
    list_path = write_videos(folder / "videos", NUM_VIDEOS // len(LABELS))
    moving, grey = [], []
    for number in range(2 * len(LABELS)):
        path = folder / f"moving{number}.mp4"
        seed = (CALIBRATION_SEED, number)
        write_video(
            path,
            render_motion(number % len(LABELS), seed, num_frames=NUM_FRAMES, height=HEIGHT_PX, width=WIDTH_PX),
        )
        moving.append(path)
    for number in range(4):
        path = folder / f"grey{number}.mp4"
        write_video(path, np.full((NUM_FRAMES, HEIGHT_PX, WIDTH_PX, 3), 120 + number, np.uint8))
        grey.append(path)
    made = Trial(model, folder / "int8.xml", folder / "grey.xml", list_path)
    quantize_ir(model, moving, made.int8)
    quantize_ir(model, grey, made.grey)
    return made


@pytest.fixture(scope="session")
def whole(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of INT8 and of what the CPU makes of the IR, together, from its beginning to its end."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    started = time.perf_counter()
    assert start_run(_two_models(trial), folder).wait() == 0
    seconds = time.perf_counter() - started
    result = json.loads((folder / "result.json").read_text())
    spent = result["time"]
    busy = spent["decode_s"] + sum(spent["infer_s"].values())
    print(
        f"\n{result['counts']['scored']} videos, {len(result['what'])} models: {seconds:.0f} s with start and end, "
        f"{spent['views_per_s']:.2f} clips/s, decoding is {spent['decode_s'] / busy:.1%} of the work; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    return folder


def test_a_run_that_is_killed_three_times_ends_as_one_that_is_not(trial: Trial, whole: Path, tmp_path: Path) -> None:
    after = [NUM_VIDEOS // 5, NUM_VIDEOS // 2, 4 * NUM_VIDEOS // 5]
    run_killed(_two_models(trial), tmp_path / "killed", after, deadline_s=3600)
    assert timeless(tmp_path / "killed") == timeless(whole)
    result = json.loads((whole / "result.json").read_text())
    assert result["counts"]["scored"] == NUM_VIDEOS
    assert _compare(_baseline(whole, tmp_path), tmp_path / "killed", DEFAULT)["verdict"] == "passed"


def swap_layout(clip: np.ndarray) -> np.ndarray:
    """Hand over NCDHW bytes as if they were NDCHW."""
    return np.ascontiguousarray(clip.transpose(0, 2, 1, 3, 4)).reshape(clip.shape)


MISTAKES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "BGR instead of RGB": lambda clip: clip[:, :, ::-1],
    "mean 0, scale 255 instead of 127.5, 127.5": lambda clip: clip // 2 + 128,
    "frames reversed": lambda clip: clip[:, ::-1],
    "NCDHW instead of NDCHW": swap_layout,
}
CALIBRATED_ON_GREY = "INT8 calibrated on grey pictures"
EXACT = "computed in f32"


def test_the_gate_finds_each_planted_regression(trial: Trial, whole: Path, tmp_path: Path) -> None:
    """All are held to what the CPU makes of the IR: bf16, if it has units for it. f32 and INT8 are only printed."""
    folder = tmp_path / "planted"
    texts = [f"{CALIBRATED_ON_GREY}={trial.grey}", f"{EXACT}={trial.ir}@f32"]
    spec, scorers = ir_scorers(texts, ModelOptions("CPU", None, None))
    engine = Engine(trial.ir)
    info = scorers[EXACT].info

    def planted(plant: Callable[[np.ndarray], np.ndarray]) -> Callable[[Clip], np.ndarray]:
        return lambda clip: engine.probabilities(np.ascontiguousarray(plant(clip.to_layout("NDCHW"))))

    scorers |= {name: Scorer(info, planted(plant)) for name, plant in MISTAKES.items()}
    videos = read_list(trial.list_path, spec.labels)
    run_accuracy(videos, scorers, spec, folder, list_path=trial.list_path)

    baseline = _baseline(whole, tmp_path)
    found = {name: _compare(baseline, folder, name) for name in (*MISTAKES, CALIBRATED_ON_GREY, EXACT)}
    found |= {"the same again": _compare(baseline, whole, DEFAULT), "INT8": _compare(baseline, whole, "int8")}
    headers = ("model", "top-1", "lost", "gained", "drop", "McNemar's p", "drift", "exit code")
    rows = [_row(name, own) for name, own in found.items()]
    print("\n" + tabulate(rows, headers=headers, disable_numparse=True))
    assert found["the same again"]["exit_code"] == 0
    broken = (*MISTAKES, CALIBRATED_ON_GREY)
    assert {name: found[name]["exit_code"] for name in broken} == dict.fromkeys(broken, FAILED)


def _two_models(trial: Trial) -> list[object]:
    return [trial.list_path, "--model", f"int8={trial.int8}", "--model", f"{DEFAULT}={trial.ir}"]


def _baseline(folder: Path, where: Path) -> Path:
    path = where / "baseline.json"
    made = CliRunner().invoke(main, ["accuracy", "baseline", f"{folder}:{DEFAULT}", "-o", str(path), "--force"])
    assert made.exit_code == 0, made.output
    return path


def _compare(baseline: Path, folder: Path, name: str) -> dict[str, object]:
    args = ["accuracy", "compare", str(baseline), f"{folder}:{name}", "--json"]
    result = CliRunner().invoke(main, args)
    return {**json.loads(result.stdout), "exit_code": result.exit_code}


def _row(name: str, found: dict[str, object]) -> list[str]:
    pairs = found["comparison"]
    return [
        name,
        f"{100 * pairs['after_top1']:.1f} %",
        str(len(pairs["lost"])),
        str(len(pairs["gained"])),
        f"{100 * pairs['drop']:.2f}",
        f"{pairs['mcnemar_p']:.2g}",
        f"{pairs['drift']['mean']:.3g}",
        str(found["exit_code"]),
    ]
