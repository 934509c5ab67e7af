"""Events found again in recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i3d_edge.core.errors import RecordError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.recorded import read_records, replay
from i3d_edge.runtime.live.rules import EventRules, LabelRules
from i3d_edge.runtime.live.source import Gap
from i3d_edge.runtime.live.watcher import Watcher
from i3d_edge.runtime.live.window import StreamWindow

LABELS = LabelSet("twelve", tuple(f"class {number}" for number in range(12)))


def replayed(path: Path, rules: EventRules) -> list[str]:
    return [event.to_json() for event in replay(read_records(path), lambda _camera: rules)]


def watched(rows: Iterable[Any], options: StreamOptions, *, is_live: bool) -> tuple[list[str], list[str]]:
    """Return what a stream records and what it tells; a row of None is a gap."""
    watcher = Watcher(LABELS, "rtsp://***@a/1", options, region="left")
    records, told, now_s = [], [], 0.0
    for number, row in enumerate(rows):
        now_s += 1 / 3
        wall_s = 1_772_366_410.1234567 + 1.0001 * now_s
        if row is None:
            for event in watcher.gap(Gap(now_s, now_s + 2.00004, "it broke off", wall_s), is_live=is_live):
                told.append(event.to_json())
                records += [told[-1]] if event.type == "gap" else []
            now_s += 2.00004
            continue
        window = StreamWindow(np.zeros((1, 1, 1, 3), np.uint8), now_s, now_s + 79 / 25, 0.0, wall_s)
        answer, events = watcher.answered(window, row, 12.34567 + number, is_live=is_live)
        records.append(answer.to_json())
        told += [event.to_json() for event in events]
    return records, told + [event.to_json() for event in watcher.close()]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    is_live=st.booleans(),
    off=st.sampled_from([0.01, 0.1, 0.3]),
    smoothing=st.sampled_from(["none", "exponential:1", "mean:3"]),
    others=st.sampled_from(
        [
            {},
            {"update_every_s": 1, "min_duration_s": 4, "cooldown_s": 5, "longest_s": 6},
            {"by_label": {"class 3": LabelRules(on=0.1, off=0.05, severity="alert")}},
        ]
    ),
)
def test_a_replay_is_the_stream_line_by_line(
    seed: int,
    is_live: bool,
    off: float,
    smoothing: str,
    others: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Also where the recorded classes are few, since all that could be part of an event are among them."""
    random = np.random.default_rng(seed)
    lasting, passing = (random.dirichlet(np.full(len(LABELS), 0.1), number) for number in (8, 40))
    rows = (0.8 * np.repeat(lasting, 5, axis=0) + 0.2 * passing).astype(np.float32)
    options = StreamOptions(off=off, on=0.4, smoothing=smoothing, num_predictions=2, **others)
    records, told = watched(
        [None if number == 25 else row for number, row in enumerate(rows)], options, is_live=is_live
    )
    path = tmp_path_factory.mktemp("replay") / "answers.jsonl"
    path.write_text("".join(f"{line}\n" for line in records))
    assert replayed(path, options) == told
    assert len(told) > 2


def line(end_s: float, prob: float, **others: object) -> dict[str, object]:
    smoothed = [{"label": "run", "index": 0, "prob": prob}, {"label": "sit", "index": 1, "prob": round(1 - prob, 6)}]
    own = {"type": "window", "camera": "a", "source": "s", "begins": False, "left_out": 0, "latency_ms": 1.0, **others}
    return {**own, "start_s": end_s - 3, "end_s": end_s, "smoothed": smoothed}


def write(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in lines))
    return path


def told_of(path: Path, rules: EventRules) -> list[tuple[object, ...]]:
    events = [json.loads(text) for text in replayed(path, rules)]
    return [(event["camera"], event["type"], event["start_s"], event["end_s"]) for event in events]


RUN = EventRules(labels=["run"])


def test_cameras_in_one_file(tmp_path: Path) -> None:
    lines = [line(3, 0.9), line(3, 0.2, camera="b"), line(3, 0.9, camera="b", region="left"), line(4, 0.1)]
    path = write(tmp_path / "a.jsonl", [*lines, line(4, 0.8, camera="b")])
    assert told_of(path, RUN) == [
        ("a", "start", 0, None),
        ("b", "start", 0, None),
        ("a", "end", 0, 3),
        ("b", "start", 1, None),
        ("b", "end", 1, 4),
        ("b", "end", 0, 3),
    ]
    own = {"a": RUN, "b": replace(RUN, on=1)}
    assert {event.camera for event in replay(read_records(path), lambda camera: own[str(camera)])} == {"a"}


def test_a_file_of_several_runs(tmp_path: Path) -> None:
    """The second begins where the first was killed."""
    path = write(tmp_path / "a.jsonl", [line(3, 0.9, begins=True), line(4, 0.9), line(3, 0.8, begins=True)])
    ends = [("a", "start", 0, None), ("a", "end", 0, 4), ("a", "start", 0, None), ("a", "end", 0, 3)]
    assert told_of(path, RUN) == ends


def test_a_gap_ends_what_goes_on(tmp_path: Path) -> None:
    gap = {"type": "gap", "camera": "a", "start_s": 3.0, "end_s": 9.0, "reason": "lost", "source": "s"}
    path = write(tmp_path / "a.jsonl", [line(3, 0.9), gap, line(12, 0.9)])
    told = [
        ("a", "start", 0, None),
        ("a", "end", 0, 3),
        ("a", "gap", 3, 9),
        ("a", "start", 9, None),
        ("a", "end", 9, 12),
    ]
    assert told_of(path, RUN) == told


def test_what_cannot_be_replayed_is_refused_with_its_line(tmp_path: Path, subtests: pytest.Subtests) -> None:
    path = tmp_path / "a.jsonl"
    first = json.dumps(line(4, 0.9))
    few, old = json.dumps(line(5, 0.4, left_out=0.3)), {**line(5, 0.4)}
    del old["left_out"]
    event = Event(type="end", start_s=1, end_s=2, source="s").to_json()
    for text, message in {
        first[:30]: "line 2 is not JSON: input data was truncated",
        json.dumps(line(4, 0.9)): "line 2 is out of order: it ends at 4 s, after one that ends at 4 s",
        json.dumps({**line(5, 0.9), "start_s": 6}): "line 2 lasts from 6 to 5 s",
        json.dumps(line(5, 0.9, end_time="2026-03-01T12:00:00")): "line 2 has an impossible time",
        json.dumps(line(5, 0.9, latency_ms="x")): "line 2 is damaged: latency_ms: expected float, got str",
        few: "line 2 leaves out classes that are as probable as 0.3: --off cannot be 0.3",
        json.dumps(old): "line 2 leaves out classes that are as probable as 1: --off cannot be 0.3",
        event: "line 2 is an event",
    }.items():
        with subtests.test(text):
            path.write_text(f"{first}\n{text}")
            told = replay(read_records(path), lambda _camera: RUN)
            assert next(told).type == "start"
            with pytest.raises(RecordError) as caught:
                list(told)
            assert message in caught.value.message
            assert str(path) in caught.value.message
    with pytest.raises(RecordError, match="cannot read records"):
        list(read_records(tmp_path))
