"""Runs of two models, and pages made of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pages import Page
from runs import INFO, Run, videos_of, write_run

from i3d_edge.accuracy.report.page import make_report
from i3d_edge.accuracy.result.recorded_run import read_run

OUTCOMES = "+" * 30 + "-" * 10


def timed(**infer_s: float) -> dict[str, Any]:
    return {
        "total_s": 9.0,
        "decode_s": 1.0,
        "wait_s": 0.5,
        "infer_s": infer_s,
        "num_views": 40,
        "views_per_s": 4.0,
    }


def two_models(**overrides: Any) -> Run:
    """bf16 has 30 of 40 right in 8 s; INT8 loses two, gains one, and takes 4 s."""
    models = {"bf16": videos_of(OUTCOMES), "int8": videos_of("--" + "+" * 28 + "+" + "-" * 9, 0.8)}
    what = {
        "bf16": {**INFO, "executed_precision": "bf16"},
        "int8": {**INFO, "path": "q.xml", "executed_precision": "int8"},
    }
    return Run(models, overrides={"time": timed(bf16=8.0, int8=4.0), "what": what, **overrides})


def made(tmp_path: Path, *runs: Run, names: dict[int, str] | None = None) -> Page:
    folders = [write_run(tmp_path / f"run{number}", run) for number, run in enumerate(runs)]
    named = [(read_run(folder), (names or {}).get(number)) for number, folder in enumerate(folders)]
    return Page(make_report(named, with_thumbnails=False))
