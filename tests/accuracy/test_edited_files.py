"""Results and baselines that were edited by hand: whatever is taken out or replaced, no other error than ours comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from edits import GONE, edited, places
from runs import Run, Video, sure, write_run

from i3d_edge.accuracy.gate.baseline import make_baseline, read_baseline, write_baseline
from i3d_edge.accuracy.gate.comparison import compare
from i3d_edge.accuracy.gate.text import GateReport, format_gate, gate_to_markdown
from i3d_edge.accuracy.gate.verdict import Limits, judge
from i3d_edge.accuracy.report.page import make_report
from i3d_edge.accuracy.report.text import format_scores
from i3d_edge.accuracy.result.recorded_run import RecordedRun, read_run, score_run
from i3d_edge.core.errors import I3DError

REPLACEMENTS = (GONE, None, {}, -1, "x")
MORE = ([], [1], {"x": [1]}, True, float("nan"))


def use_run(folder: Path) -> None:
    """Do with a run what the commands do."""
    run = read_run(folder)
    scores = score_run(run)
    format_scores(run, scores)
    make_baseline(run, "m")
    make_report([(run, None)], with_thumbnails=False)
    use_baseline(folder.parent / "baseline.json", run)


def use_baseline(baseline: Path, run: RecordedRun) -> None:
    """Do with a baseline what `compare` does."""
    comparison = compare(read_baseline(baseline), run, "m", num_allowed_dropped=1)
    report = GateReport(comparison, Limits(), judge(comparison, Limits()), "centre v1")
    format_gate(report)
    gate_to_markdown(report)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models; a video with a warning, one without a label, and one that was dropped."""
    videos = [Video("a", 0, [sure(0)], "aa"), Video("b", None, [sure(1)], "bb"), Video("c", 1, [sure(2)], "cc")]
    run = Run({"m": videos, "n": videos}, dropped=["d"], overrides={"warnings": {"a": ["dark"]}})
    made = write_run(tmp_path / "run", run)
    write_baseline(tmp_path / "baseline.json", make_baseline(read_run(made), "m"))
    use_run(made)
    return made


@pytest.mark.parametrize(
    "replacement",
    [*REPLACEMENTS, *(pytest.param(value, marks=pytest.mark.slow) for value in MORE)],
    ids=lambda value: "gone" if value is GONE else repr(value),
)
@pytest.mark.parametrize("name", ["run/result.json", "baseline.json"])
def test_no_edit_ends_in_a_traceback(folder: Path, name: str, replacement: object) -> None:
    path, whole = folder.parent / name, read_run(folder)
    document = json.loads(path.read_text())
    for place in places(document):
        path.write_text(json.dumps(edited(document, place, replacement)))
        try:
            use_baseline(path, whole) if name == "baseline.json" else use_run(folder)
        except I3DError:
            continue
        except Exception as error:
            raise AssertionError(f"{place} replaced: {error!r}") from error
