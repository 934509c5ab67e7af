"""Continuous steps beside windows: what is recorded of a small network, and figures of answers made by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small import write_small_ir
from synthetic import write_numbered

from benchmarks.agreement import Answers, cluster_mean, divergence, facts, majority, table
from benchmarks.agreement import main as compare
from benchmarks.continuous import main as record
from benchmarks.onsets import events, matched
from i3d_edge.runtime.live.event import Event


def one_hot(*classes: int) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[list(classes)]


ANSWERS = Answers(
    label=1,
    num_frames=79,
    hop=8,
    num_starting=6,
    windowed=one_hot(0, 0, 0, 0, 0, 0, 1, 1, 0, 1),
    continuous=one_hot(2, 0, 0, 0, 0, 0, 1, 0, 0, 0),
    exact_difference=0,
)


def test_a_video_is_answered_in_steps_and_its_last_window_at_once(tmp_path: Path) -> None:
    ir = write_small_ir(tmp_path / "small.xml")
    write_numbered(tmp_path / "long.avi", 61)
    write_numbered(tmp_path / "short.avi", 9)
    (tmp_path / "list.csv").write_text("path,label\nshort.avi,a\nlong.avi,c\n")
    folder = tmp_path / "answers"
    outcome = CliRunner().invoke(record, [str(ir), str(tmp_path / "list.csv"), "--hop", "2", "-o", str(folder)])
    assert outcome.exit_code == 0, outcome.output
    [path] = folder.iterdir()
    answers = Answers.load(path)
    assert answers.label == 2
    assert answers.windowed.shape == answers.continuous.shape == (26, 5)
    assert answers.exact_difference <= 1e-6
    assert np.ptp(answers.windowed, axis=0).max() > 0.01
    assert np.abs(answers.windowed - answers.continuous).max() > 1e-6


def test_answers_that_count_begin_where_continuous_ones_do(tmp_path: Path) -> None:
    ANSWERS.save(tmp_path / "0.npz")
    answers = Answers.load(tmp_path / "0.npz")
    windowed, continuous, shifted = (each.argmax(axis=-1).tolist() for each in answers.counted())
    assert (windowed, continuous, shifted) == ([1, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0])
    numbered = replace(ANSWERS, num_starting=3, hop=16, windowed=np.arange(5))
    assert numbered.counted()[2].tolist() == [0, 1]  # 48 frames


def test_divergence() -> None:
    assert divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == pytest.approx(0.5 * math.log(4 / 3))
    assert divergence(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(math.log(2))
    assert math.isfinite(divergence(np.array([0.0, 1.0]), np.array([1.0, 0.0])))


def test_a_mean_is_of_windows_and_its_interval_of_videos() -> None:
    mean, low, high = cluster_mean([np.ones(3), np.zeros(1)])
    assert (mean, low, high) == (0.75, 0, 1)  # each video is left out by a quarter of the draws
    videos = [np.array([number % 2]) for number in range(100)]
    mean, low, high = cluster_mean(videos)
    assert (mean, low, high) == (0.5, pytest.approx(0.4, abs=0.011), pytest.approx(0.6, abs=0.011))  # binomial
    assert cluster_mean([np.repeat(video, 9) for video in videos]) == (mean, low, high)


def test_the_majority_of_equals_is_the_lowest() -> None:
    assert majority(one_hot(2, 1, 1, 2, 0)) == 1


def test_the_table() -> None:
    other = replace(ANSWERS, label=-1, continuous=ANSWERS.windowed)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table([ANSWERS, other]).splitlines()]
    cells = {row[0]: row[1:] for row in rows}
    assert cells[""] == ["windowed", "continuous", "windowed, 40 frames earlier"]
    assert cells["best class is the windowed one, %"][1:] == ["75.0 (50.0 to 100.0)", "25.0 (25.0 to 25.0)"]
    assert cells["clips with another majority"][1:] == ["1 of 2", "2 of 2"]
    assert cells["label top-1, %"] == [
        "75.0 (75.0 to 75.0)",
        "25.0; -50.0 (-50.0 to -50.0)",
        "0.0; -75.0 (-75.0 to -75.0)",
    ]
    assert cells["clips lost, gained by majority"][1].startswith("1, 0 of 1;")


def test_events_begin_with_the_first_window_that_is_sure_enough() -> None:
    [event] = events(one_hot(0, 0, 2, 2)[:, 1:], 79, 25)  # half a second's weight is lost in each second
    assert (event.index, event.start_s) == (1, pytest.approx(2))
    assert event.end_s == pytest.approx(3 + 79 / 25)


def event(index: int, start_s: float, end_s: float) -> Event:
    return Event(type="end", index=index, start_s=start_s, end_s=end_s, source="")


def test_events_of_one_class_that_overlap_are_matched_once() -> None:
    long, late, other = event(1, 0, 5), event(1, 9, 12), event(2, 0, 5)
    first, second, after = event(1, 0.3, 2), event(1, 3, 6), event(1, 12, 15)
    assert matched([long, other, late], [first, second, after]) == [(long, first)]
    assert matched([first, second], [long]) == [(first, long)]
    assert matched([second], [long, event(1, 2.9, 7)]) == [(second, event(1, 2.9, 7))]


def test_onsets_are_told(tmp_path: Path) -> None:
    late = replace(ANSWERS, windowed=one_hot(*[0] * 8, *[1] * 12), continuous=one_hot(*[0] * 9, *[1] * 10, 2))
    told = dict(facts([late]))
    assert told["events"] == "2 matched, 1 of them from the first window on"
    assert told["later onsets"] == "+0.32 s at the median, +0.32 to +0.32 s"
    late.save(tmp_path / "0.npz")
    outcome = CliRunner().invoke(compare, [str(tmp_path)])
    assert outcome.exit_code == 0, outcome.output
    assert "exact steps" in outcome.output
