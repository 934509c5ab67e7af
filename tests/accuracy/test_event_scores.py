"""Found segments against annotated ones."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from i3d_edge.accuracy.events.matching import match, tiou
from i3d_edge.accuracy.events.scores import score_segments
from i3d_edge.accuracy.events.segments import Segment, Truth, read_found, read_truth
from i3d_edge.core.errors import RecordError

MAPS = {
    0: (0.441564, 0.441564, 0.427454, 0.394239, 0.394239, 0.394239, 0.357202, 0.340741, 0.326852, 0.309877),
    1: (0.554167, 0.554167, 0.460417, 0.460417, 0.460417, 0.437917, 0.303988, 0.250417, 0.199167, 0.1575),
    2: (0.491071, 0.491071, 0.464286, 0.377143, 0.267381, 0.267381, 0.267381, 0.267381, 0.177014, 0.149236),
    3: (0.709145, 0.709145, 0.705357, 0.699405, 0.699405, 0.699405, 0.490079, 0.489583, 0.243849, 0.157332),
}
"""mAP at tIoU 0.5, 0.55, ... 0.95, as ActivityNet's Evaluation/eval_detection.py computes it of `documents(seed)`."""


def documents(seed: int) -> tuple[dict[str, object], dict[str, object]]:
    """Return ground truth and predictions, of six videos and four labels, and one video of another subset."""
    draw = random.Random(seed).random
    database, results = {}, {}
    for number in range(6):
        true, found = [], []
        for _ in range(1 + int(4 * draw())):
            label, start, length = f"L{int(4 * draw())}", round(80 * draw(), 2), round(2 + 18 * draw(), 2)
            true.append({"label": label, "segment": [start, round(start + length, 2)]})
            for _ in range(int(4 * draw())):
                off = (0.5, 2, 6)[int(3 * draw())]
                first, last = start + off * (draw() - 0.5), start + length + off * draw()
                found.append({"label": label, "score": draw(), "segment": [round(first, 2), round(last, 2)]})
        for _ in range(int(3 * draw())):
            start = round(80 * draw(), 2)
            found.append({"label": true[0]["label"], "score": draw(), "segment": [start, start + 10]})
        database[f"v{number}"] = {"duration": 100.0, "subset": "validation", "annotations": true}
        results[f"v{number}"] = found
    label = database["v0"]["annotations"][0]["label"]
    database["other"] = {"duration": 9.0, "subset": "training", "annotations": [{"label": label, "segment": [1, 9]}]}
    results["other"] = [{"label": label, "score": 0.99, "segment": [1, 9]}]
    fixed = {"version": "VERSION 1.3"}
    return {"database": database, "taxonomy": [], **fixed}, {"results": results, "external_data": {}, **fixed}


@pytest.mark.parametrize("seed", MAPS)
def test_map_is_activitynets(seed: int, tmp_path: Path) -> None:
    true, found = tmp_path / "true.json", tmp_path / "found.json"
    for path, document in zip((true, found), documents(seed), strict=True):
        path.write_text(json.dumps(document))
    truth = read_truth(true, "validation")
    scores = score_segments(read_found(found, truth), truth)
    values = [metric["value"] for name, metric in scores.metrics.items() if name.startswith("map@")]
    assert values == pytest.approx(MAPS[seed], abs=2e-6)
    assert scores.metrics["map"]["value"] == pytest.approx(sum(MAPS[seed]) / 10, abs=2e-6)
    assert scores.not_annotated == ("other",)


def test_tiou() -> None:
    others = [Segment("v", "a", *span) for span in ((2, 6), (0, 4), (4, 8), (1, 2), (5, 5))]
    assert tiou(Segment("v", "a", 0, 4), others) == pytest.approx([2 / 6, 1, 0, 1 / 4, 0])
    assert tiou(Segment("v", "a", 1, 1), [Segment("v", "a", 1, 1)]).tolist() == [0]


def test_each_true_segment_is_matched_once_by_the_surest(subtests: pytest.Subtests) -> None:
    true = [Segment("v", "a", 0, 10), Segment("v", "a", 8, 20)]
    for case, (found, expected) in {
        "the surer one takes it": ([Segment("v", "a", 0, 9, 0.6), Segment("v", "a", 0, 10, 0.9)], [-1, 0]),
        "the nearest first, and then the next": (
            [Segment("v", "a", 5, 20, 0.9), Segment("v", "a", 8, 20, 0.8)],
            [1, -1],
        ),
        "another label, another video": ([Segment("v", "b", 0, 10), Segment("w", "a", 0, 10)], [-1, -1]),
        "exactly half counts": ([Segment("v", "a", 0, 5)], [0]),
        "less does not": ([Segment("v", "a", 0, 4.99)], [-1]),
    }.items():
        with subtests.test(case):
            assert match(found, true)[0].tolist() == expected


def test_metrics_by_hand() -> None:
    """Two videos of half an hour; three true segments; of four found ones two are right, 1 s early and 2 s late."""
    truth = Truth(
        {"v": 1800.0, "w": 1800.0}, [Segment("v", "a", 10, 20), Segment("v", "b", 30, 40), Segment("w", "a", 10, 20)]
    )
    found = [
        Segment("v", "a", 9, 20, 0.9),
        Segment("v", "a", 100, 120, 0.8),
        Segment("w", "a", 12, 20, 0.7),
        Segment("w", "c", 1, 2, 0.6),
    ]
    scores = score_segments(found, truth)
    values = {name: metric["value"] for name, metric in scores.metrics.items()}
    assert (scores.num_true, scores.num_found, scores.num_matched, scores.hours) == (3, 4, 2, 1)
    assert (values["precision"], values["recall"], values["f1"]) == pytest.approx((1 / 2, 2 / 3, 4 / 7), abs=1e-6)
    assert (values["onset_p50_s"], values["onset_p95_s"]) == pytest.approx((0.5, 1.85))
    assert values["false_per_hour"] == 2
    # Of a: right, wrong, right -> 1/2 x 1 + 1/2 x 2/3; of b nothing was found.
    assert values["map@0.50"] == pytest.approx((1 / 2 + 1 / 3 + 0) / 2, abs=1e-6)
    # Drawn anew, either video alone is the extreme: 1 of 2 found is right in both, 1 of 2 true in v and 1 of 1 in w.
    recall, precision = scores.metrics["recall"], scores.metrics["precision"]
    assert (precision["interval_low"], precision["interval_high"]) == (0.5, 0.5)
    assert (recall["interval_low"], recall["interval_high"]) == (0.5, 1)


def test_nothing_found_and_a_single_video() -> None:
    scores = score_segments([], Truth({"v": 60.0}, [Segment("v", "a", 10, 20)]))
    assert scores.metrics["precision"]["value"] is None
    assert scores.metrics["recall"] == {"value": 0.0, "interval_low": None, "interval_high": None}
    assert scores.metrics["map"]["value"] == 0
    assert scores.metrics["onset_p50_s"]["value"] is None


def test_a_camera_is_found_by_its_name_or_its_file() -> None:
    truth = Truth({"door": 1.0, "a.mp4": 1.0, "b": 1.0}, ())
    names = ("door", "films/a.mp4", "films/b.mp4", "films/c.mp4")
    assert [truth.name_of(name) for name in names] == ["door", "a.mp4", "b", "films/c.mp4"]


def test_what_cannot_be_read_is_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    path, truth = tmp_path / "x.json", Truth({"v": 1.0}, ())
    answer = {"type": "window", "start_s": 0, "end_s": 3, "smoothed": [], "latency_ms": 1}
    for text, message in {
        '{"results": {"v": [{"label": "a", "segment": [1]}]}}': "results[...][0].segment: expected array of length 2",
        json.dumps(answer): "line 1 is an answer, not an event",
        '{"type": "end", "start_s": 1, "end_s": 2, "source": "s"}\n{"type': "line 2 is not JSON",
    }.items():
        with subtests.test(text):
            path.write_text(text)
            with pytest.raises(RecordError) as caught:
                read_found(path, truth)
            assert message in caught.value.message
    path.write_text('{"database": {"v": {"duration": 1, "subset": "b", "annotations": []}}}')
    with pytest.raises(RecordError, match="has no action of subset 'a'; it has"):
        read_truth(path, "a")
