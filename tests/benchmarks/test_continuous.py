"""Continuous steps beside windows: a small network on a video, and figures of answers made by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small import write_small_ir
from synthetic import write_numbered

from benchmarks.continuous import cluster_mean, divergence, main, majority, table


def one_hot(*classes: int) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[list(classes)]


def cells(text: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_videos_are_followed_by_both_kinds_of_steps(tmp_path: Path) -> None:
    ir = write_small_ir(tmp_path / "small.xml")
    write_numbered(tmp_path / "long.avi", 101)
    write_numbered(tmp_path / "short.avi", 9)
    (tmp_path / "list.csv").write_text("path,label\nshort.avi,a\nlong.avi,c\n")
    outcome = CliRunner().invoke(main, [str(ir), str(tmp_path / "list.csv"), "--hop", "2"])
    assert outcome.exit_code == 0, outcome.output
    found = cells(outcome.stdout)
    assert found["clips lost, gained by majority"][1].endswith(" of 1")
    continuous, earlier = (float(cell.split()[0]) for cell in found["mean KL from windows, nats"][1:])
    assert 0 <= continuous < earlier


def test_no_video_is_long_enough(tmp_path: Path) -> None:
    write_numbered(tmp_path / "short.avi", 9)
    (tmp_path / "list.csv").write_text("path,label\nshort.avi,a\n")
    command = [str(write_small_ir(tmp_path / "small.xml")), str(tmp_path / "list.csv"), "--hop", "2"]
    outcome = CliRunner().invoke(main, command)
    assert outcome.exit_code == 1
    assert "is long enough for continuous steps" in outcome.output


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
    windows, earlier = one_hot(1, 1, 0, 1), one_hot(0, 0, 0, 0)
    found = cells(table([(1, (windows, one_hot(1, 0, 0, 0), earlier)), (-1, (windows, windows, earlier))], 40))
    assert found[""] == ["windows", "continuous", "windows 40 frames earlier"]
    assert found["best class is the window's, %"][1:] == ["75.0 (50.0 to 100.0)", "25.0 (25.0 to 25.0)"]
    assert found["label top-1, %"] == [
        "75.0 (75.0 to 75.0)",
        "25.0; -50.0 (-50.0 to -50.0)",
        "0.0; -75.0 (-75.0 to -75.0)",
    ]
    assert found["clips lost, gained by majority"] == ["", "1, 0 of 1", "1, 0 of 1"]
