"""What slow tests share, each made once: DeepMind's rgb_scratch as graph, IR and INT8."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from i3d_edge.convert import convert_graph
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.freeze import freeze_checkpoint, open_checkpoint
from i3d_edge.freeze.frozen_graph import run_frozen_graph


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
    """Real videos to calibrate on: every eighth of those whose label is not exact, so that none is scored."""
    with (shared / "videos/labels.csv").open(newline="") as stream:
        names = [row["path"] for row in csv.DictReader(stream) if row["match"] in ("near", "none")]
    return [shared / "videos" / name for name in names[::8]]


@pytest.fixture(scope="session")
def real_int8(real_ir: Path, calibration: list[Path]) -> Path:
    """That IR in INT8."""
    path = real_ir.with_name("rgb_scratch_int8.xml")
    quantize_ir(real_ir, calibration, path, num_clips=len(calibration))
    return path
