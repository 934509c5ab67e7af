"""The demo from its first step to its last, and what the stand-in's ability is good for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tabulate import tabulate

from accuracy import read_list
from accuracy.metrics import wilson_interval
from freeze import open_checkpoint
from runtime import Engine, read_clips

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def run_demo(folder: Path) -> tuple[str, float]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    started = time.perf_counter()
    command = ["sh", str(ROOT / "examples" / "demo.sh"), str(folder)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout, time.perf_counter() - started


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    output, seconds = run_demo(folder)
    print(f"\n{output}\nthe demo took {seconds:.0f} s")
    return folder


def test_the_stand_in_is_better_than_60_percent_on_200_held_out_clips(demo: Path) -> None:
    result = json.loads((demo / "accuracy" / "result.json").read_text())
    assert result["what"]["ir"]["is_stand_in"]
    assert result["counts"]["scored"] >= 200
    assert result["metrics"]["ir"]["video_top1"]["value"] >= 0.6


def test_the_checkpoint_has_deepminds_format(demo: Path) -> None:
    checkpoint = open_checkpoint(demo / "checkpoint" / "model.ckpt")
    assert (len(checkpoint.entries), checkpoint.ignored, checkpoint.scope) == (230, (), "RGB/inception_i3d/")
    assert sum(np.prod(entry.shape) for entry in checkpoint.entries.values()) == 12_704_544


def test_a_second_run_reuses_what_is_there(demo: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("*") if path.is_file()}
    output, seconds = run_demo(demo)
    assert {path: path.stat().st_mtime_ns for path in demo.rglob("*") if path.is_file()} == before
    assert seconds < 60
    assert "video_top1" in output


def swap_layout(clip: np.ndarray) -> np.ndarray:
    """Hand over NCDHW bytes as if they were NDCHW."""
    return np.ascontiguousarray(clip.transpose(0, 2, 1, 3, 4)).reshape(clip.shape)


MISTAKES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda clip: clip,
    "BGR instead of RGB": lambda clip: clip[:, :, ::-1],
    "mean 0, scale 255 instead of 127.5, 127.5": lambda clip: clip // 2 + 128,
    "frames reversed": lambda clip: clip[:, ::-1],
    "NCDHW instead of NDCHW": swap_layout,
}


def test_each_planted_mistake_costs_at_least_10_points(demo: Path) -> None:
    engine = Engine(demo / "stand-in.xml")
    videos = read_list(demo / "videos" / "list.csv", engine.spec.labels)
    correct = dict.fromkeys(MISTAKES, 0)
    for video in videos:
        [clip] = read_clips(video.file, engine.spec).clips
        for name, plant in MISTAKES.items():
            planted = np.ascontiguousarray(plant(clip.to_layout("NDCHW")))
            best = int(engine.probabilities(planted).argmax())
            correct[name] += engine.spec.labels.names[best] == video.label
    rows = [
        (name, f"{100 * number / len(videos):.1f} %", "{:.1%} .. {:.1%}".format(*wilson_interval(number, len(videos))))
        for name, number in correct.items()
    ]
    print("\n" + tabulate(rows, headers=("planted mistake (stand-in)", "video_top1", "95 % interval")))
    for name, number in correct.items():
        if name != "none":
            assert (correct["none"] - number) / len(videos) >= 0.1, name
