"""What people said of events, as a measure and as a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from listing import LABELS, rows

from i3d_edge.accuracy.data.dataset import read_dataset
from i3d_edge.accuracy.events.reviewed import score_reviews
from i3d_edge.cli import main
from i3d_edge.core.errors import RecordError
from i3d_edge.core.schema import to_json
from i3d_edge.runtime.record.clip import VERSION, ClipNote


def event(kind: str, name: str, camera: str = "door", label: str = "zumba", *, minute: int = 0) -> dict[str, Any]:
    start, end = f"2026-03-01T10:{minute:02d}:00Z", f"2026-03-01T10:{minute + 6:02d}:00Z"
    times = {"start_s": 60 * minute, "end_s": 60 * minute + 360 if kind == "end" else None, "start_time": start}
    own = {"id": name, "camera": camera, "label": label, "index": 0, "probability": 0.5, "severity": "detection"}
    return {"type": kind, **own, **times, "end_time": end if kind == "end" else None, "source": "x", "latency_ms": 1}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Five events of two cameras; four are reviewed, the first of them again, and one that nobody knows any more."""
    told = [
        event("start", "1"),
        event("end", "1"),
        event("end", "2", minute=12),
        event("end", "3", "yard", minute=18),
        event("end", "4", "yard", "yoga", minute=24),
        event("end", "5", minute=40),
    ]
    gap = {"type": "gap", "start_s": 1, "end_s": 2, "reason": "x", "source": "x"}
    (tmp_path / "events").mkdir()
    lines = [json.dumps(fields) for fields in [*told, gap]]
    (tmp_path / "events" / "2026-03-01.jsonl").write_text("\n".join([*lines[:3], '{"type": "e', *lines[3:], '{"cu']))
    said = [("1", "wrong"), ("2", "wrong"), ("3", "keep"), ("4", "wrong"), ("9", "seen"), ("1", "seen")]
    reviews = [{"id": name, "verdict": verdict, "time": "2026-03-02T00:00:00Z"} for name, verdict in said]
    reviews[3]["label"] = "zumba"
    (tmp_path / "reviews.jsonl").write_text("".join(f"{json.dumps(review)}\n" for review in reviews) + "cut o")
    return tmp_path


def test_precision_of_what_was_reviewed(state: Path) -> None:
    scores = score_reviews(state)
    assert (scores.hours, scores.num_events) == (0.5, 4)
    assert scores.verdicts == {"seen": 1, "wrong": 2, "keep": 1}
    parts = {
        (part.camera, part.label): (part.precision["num_total"], part.precision["num_correct"]) for part in scores.parts
    }
    assert parts == {
        (None, None): (4, 2),
        (None, "yoga"): (1, 0),
        (None, "zumba"): (3, 2),
        ("door", None): (2, 1),
        ("door", "zumba"): (2, 1),
        ("yard", None): (2, 1),
        ("yard", "yoga"): (1, 0),
        ("yard", "zumba"): (1, 1),
    }
    whole = scores.parts[0]
    assert (whole.precision["value"], whole.wrong_per_hour) == (0.5, 4)
    assert whole.precision["interval_low"] == pytest.approx(0.15004, abs=1e-5)  # Wilson's, of 2 in 4


def test_files_without_wall_clock_have_no_hours(state: Path) -> None:
    path = state / "events" / "2026-03-01.jsonl"
    path.write_text(path.read_text().replace('"start_time": "2026', '"was": "').replace('"end_time": "2026', '"is": "'))
    scores = score_reviews(state)
    assert (scores.hours, scores.num_events, scores.parts[0].wrong_per_hour) == (None, 5, None)


def test_the_command(state: Path) -> None:
    result = CliRunner().invoke(main, ["events", "score", "--reviews", str(state)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[2].split() == ["all", "all", "4", "2", "0.500", "0.150", "..", "0.850", "4"]
    assert lines[-1] == "of 4 events in 0.5 hours: 1 keep, 1 seen, 2 wrong"
    scores = json.loads(CliRunner().invoke(main, ["events", "score", "--reviews", str(state), "--json"]).stdout)
    assert (scores["schema_version"], scores["parts"][1]["label"], scores["parts"][1]["precision"]["value"]) == (
        1,
        "yoga",
        0,
    )


@pytest.mark.parametrize(
    "args", [[], ["a"], ["a", "b", "--reviews", "c"], ["--reviews", "c", "--subset", "x"], ["a", "--reviews", "c"]]
)
def test_annotations_or_reviews(args: list[str]) -> None:
    result = CliRunner().invoke(main, ["events", "score", *args])
    assert result.exit_code == 2
    assert "give either EVENTS and TRUTH, or --reviews STATE" in result.stderr


def test_nothing_is_reviewed(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=f"no event of the last days in '{tmp_path}' was reviewed"):
        score_reviews(tmp_path)


def test_reviewed_clips_are_a_data_set(state: Path) -> None:
    for name, label in {"1": "zumba", "2": "zumba", "4": "yoga", "5": "zumba"}.items():
        note = ClipNote(
            event={"label": label}, video=f"{name}.mkv", picture=None, codec="", start_s=0, duration_s=9, reason=None
        )
        path = state / "clips" / "2026-03-01" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(note, version=VERSION))
    data = read_dataset(state, LABELS)
    assert data.format == "reviews"
    assert rows(data) == [
        ("clips/2026-03-01/1.mkv", "zumba"),
        ("clips/2026-03-01/2.mkv", None),
        ("clips/2026-03-01/4.mkv", "zumba"),
    ]
