"""The demo from its first step to its last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from freeze import open_checkpoint

pytestmark = pytest.mark.slow


def test_the_stand_in_is_better_than_60_percent_on_200_held_out_clips(demo: Path) -> None:
    result = json.loads((demo / "accuracy" / "result.json").read_text())
    assert result["what"]["ir"]["is_stand_in"]
    assert result["counts"]["scored"] >= 200
    assert result["metrics"]["ir"]["video_top1"]["value"] >= 0.6


def test_the_checkpoint_has_deepminds_format(demo: Path) -> None:
    checkpoint = open_checkpoint(demo / "checkpoint" / "model.ckpt")
    assert (len(checkpoint.entries), checkpoint.ignored, checkpoint.scope) == (230, (), "RGB/inception_i3d/")
    assert sum(np.prod(entry.shape) for entry in checkpoint.entries.values()) == 12_704_544


def test_a_second_run_reuses_what_is_there(demo: Path, run_demo: Callable[[Path], tuple[str, float]]) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("*") if path.is_file()}
    output, seconds = run_demo(demo)
    assert {path: path.stat().st_mtime_ns for path in demo.rglob("*") if path.is_file()} == before
    assert seconds < 60
    assert "video_top1" in output
