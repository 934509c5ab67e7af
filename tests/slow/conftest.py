"""What slow tests share, each made once: the demo, and DeepMind's rgb_scratch as graph, IR and INT8."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from convert import convert_graph
from convert.quantization import quantize_ir
from freeze import freeze_checkpoint, open_checkpoint, run_frozen_graph

ROOT = Path(__file__).resolve().parents[2]


def _run_demo(folder: Path) -> tuple[str, float]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    started = time.perf_counter()
    command = ["sh", str(ROOT / "examples" / "demo.sh"), str(folder)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout, time.perf_counter() - started


@pytest.fixture(scope="session")
def run_demo() -> Callable[[Path], tuple[str, float]]:
    """A function that runs the demo in a folder, and returns what it printed and its seconds."""
    return _run_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that ran."""
    folder = tmp_path_factory.mktemp("demo")
    output, seconds = _run_demo(folder)
    print(f"\n{output}\nthe demo took {seconds:.0f} s")
    return folder


@pytest.fixture(scope="session")
def real_graph(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DeepMind's rgb_scratch as a frozen graph."""
    checkpoint = open_checkpoint(shared / "checkpoints/rgb_scratch/model.ckpt")
    assert checkpoint.origin == "rgb_scratch"
    path = tmp_path_factory.mktemp("real") / "rgb_scratch.pb"
    freeze_checkpoint(checkpoint, path)
    return path


@pytest.fixture(scope="session")
def real_ir(real_graph: Path) -> Path:
    """That graph as an IR, checked against it in TensorFlow."""
    path = real_graph.with_suffix(".xml")
    report = convert_graph(real_graph, path, reference=run_frozen_graph)
    assert report.parity is not None
    assert report.parity.passed
    return path


@pytest.fixture(scope="session")
def calibration(shared: Path) -> list[Path]:
    """Real videos to calibrate on: every fourth of those whose label is not exact, so that none is scored."""
    with (shared / "videos/labels.csv").open(newline="") as stream:
        names = [row["path"] for row in csv.DictReader(stream) if row["match"] in ("near", "none")]
    return [shared / "videos" / name for name in names[::4]]


@pytest.fixture(scope="session")
def real_int8(real_ir: Path, calibration: list[Path]) -> Path:
    """That IR in INT8."""
    path = real_ir.with_name("rgb_scratch_int8.xml")
    quantize_ir(real_ir, calibration, path, num_clips=len(calibration))
    return path
