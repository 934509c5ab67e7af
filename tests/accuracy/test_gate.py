"""Verdicts: the edges of each, and how often they come."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run, Video, sure, videos_of, write_run

from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import compare
from i3d_edge.accuracy.gate.verdict import (
    GateCheck,
    Limits,
    Verdict,
    check_drift,
    check_drop,
    combine,
    drop_verdict,
    format_points,
    judge,
)
from i3d_edge.accuracy.result.recorded_run import read_run

PASSED, FAILED, UNDECIDED = Verdict.PASSED, Verdict.FAILED, Verdict.UNDECIDED
DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_at_400_videos(subtests: pytest.Subtests) -> None:
    for lost, gained, verdict, reason in [
        (0, 0, PASSED, "the upper 95 % bound of the drop, 0.67 points, is within the limit of 2 points"),
        (0, 30, PASSED, "the upper 95 % bound of the drop, -5.61 points, is within the limit of 2 points"),
        (10, 10, PASSED, "the upper 95 % bound of the drop, 1.95 points, is within the limit of 2 points"),
        (
            11,
            11,
            UNDECIDED,
            "the upper 95 % bound of the drop, 2.03 points, is beyond the limit of 2 points: "
            "909 videos would be needed",
        ),
        (
            11,
            8,
            UNDECIDED,
            "the upper 95 % bound of the drop, 2.69 points, is beyond the limit of 2 points: "
            "1,988 videos would be needed",
        ),
        (
            8,
            0,
            UNDECIDED,
            "the drop is the limit of 2 points itself, so that no number of videos would tell",
        ),
        (9, 0, FAILED, "the drop of 2.25 points exceeds the limit of 2 points, and McNemar's p is 0.0039"),
        (
            20,
            9,
            UNDECIDED,
            "the drop of 2.75 points exceeds the limit of 2 points, but McNemar's p is 0.061: "
            "904 videos would be needed",
        ),
        (30, 10, FAILED, "the drop of 5.00 points exceeds the limit of 2 points, and McNemar's p is 0.0022"),
    ]:
        with subtests.test(lost=lost, gained=gained):
            check = check_drop(lost, gained, 400, 0.02)
            assert (check.verdict, check.reason) == (verdict, reason)
            assert (check.videos_needed is not None) == ("would be needed" in reason)


def test_one_video_decides_nothing() -> None:
    for lost, gained in ((0, 0), (1, 0), (0, 1)):
        assert check_drop(lost, gained, 1, 0.02).verdict is UNDECIDED


def test_a_drop_that_is_the_limit_does_not_exceed_it() -> None:
    """7 of 1000 is 0.7 points, though 7 / 1000 > 0.7 / 100 in binary; McNemar's p is 0.016."""
    assert check_drop(7, 0, 1000, 0.7 / 100).verdict is UNDECIDED
    assert check_drop(8, 0, 1000, 0.7 / 100).verdict is FAILED


def test_a_limit_of_nothing_wants_an_improvement() -> None:
    assert check_drop(0, 0, 400, 0.0).verdict is UNDECIDED
    assert check_drop(0, 9, 400, 0.0).verdict is PASSED
    assert check_drop(9, 0, 400, 0.0).verdict is FAILED


def test_no_improvement_ever_fails() -> None:
    for gained in range(0, 60, 5):
        for lost in range(gained + 1):
            assert check_drop(lost, gained, 400, 0.005).verdict is not FAILED, gained


def test_drift() -> None:
    assert check_drift(0.05, 0.05) == GateCheck("drift", PASSED, "the drift of 0.05 is within the limit of 0.05")
    assert check_drift(0.0512, 0.05) == GateCheck("drift", FAILED, "the drift of 0.0512 exceeds the limit of 0.05")


def judged(tmp_path: Path, before: list[Video], after: list[Video], limits: Limits) -> list[GateCheck]:
    baseline = make_baseline(read_run(write_run(tmp_path / "before", Run({"m": before}))), "m")
    return judge(compare(baseline, read_run(write_run(tmp_path / "after", Run({"m": after}))), "m"), limits)


def test_identical_predictions_pass_however_few(tmp_path: Path) -> None:
    checks = judged(tmp_path, videos_of("-"), videos_of("-"), Limits(max_drop=0.0, max_drift=0.0))
    assert [(check.verdict, check.reason) for check in checks] == [
        (PASSED, "the predictions are identical; otherwise 1 video would be too few for this limit"),
        (PASSED, "the drift of 0 is within the limit of 0"),
    ]


def test_drift_fails_where_nothing_flipped(tmp_path: Path) -> None:
    before, after = videos_of("+" * 200, 0.9), videos_of("+" * 200, 0.8)
    checks = judged(tmp_path, before, after, Limits(max_drift=0.1))
    assert [check.verdict for check in checks] == [PASSED, FAILED]
    assert combine(checks) is FAILED


def test_without_a_limit_drift_is_not_checked(tmp_path: Path) -> None:
    before = videos_of("+" * 200, 0.9)
    after = [Video(video.path, 0, [sure(0, 0.3)]) for video in before]
    assert [check.name for check in judged(tmp_path, before, after, Limits())] == ["top-1 drop"]


def test_the_worst_counts() -> None:
    for verdicts, worst in [
        ([PASSED], PASSED),
        ([PASSED, UNDECIDED], UNDECIDED),
        ([UNDECIDED, FAILED], FAILED),
        ([FAILED, PASSED], FAILED),
    ]:
        assert combine([GateCheck("x", verdict, "") for verdict in verdicts]) is worst


def test_points() -> None:
    assert [format_points(value) for value in (0.02, 0.01, 0.005, 0.0)] == [
        "2 points",
        "1 point",
        "0.5 points",
        "0 points",
    ]


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "gate.py"))


def test_the_page_has_the_tables_that_are_computed(tables: dict[str, Any]) -> None:
    page = (DOCS / "background" / "gate-statistics.md").read_text(encoding="utf-8")
    assert page == tables["page"](), "run `make docs`"


@pytest.mark.parametrize("flips", [0.01, 0.04])
@pytest.mark.parametrize("drop", [0.0, 0.01, 0.02, 0.05])
def test_the_tables_agree_with_a_simulation(tables: dict[str, Any], flips: float, drop: float) -> None:
    """Sets of 400 videos are drawn; each frequency lies within 4 standard errors of the computed probability."""
    num_draws = 4000
    odds = tables["odds"](400, flips, drop, 0.02)
    assert sum(odds.values()) == pytest.approx(1, abs=1e-6)
    shares = [flips / 2 + drop, flips / 2, 1 - flips - drop]
    draws = np.random.default_rng(3).multinomial(400, shares, size=num_draws)
    seen = [drop_verdict(int(row[0]), int(row[1]), 400, 0.02) for row in draws]
    for verdict, expected in odds.items():
        error = max((expected * (1 - expected) / num_draws) ** 0.5, 1 / num_draws)
        assert seen.count(verdict) / num_draws == pytest.approx(expected, abs=4 * error), verdict


def test_the_gate_is_wrong_as_seldom_as_the_page_says(tables: dict[str, Any]) -> None:
    for flips in (0.01, 0.04, 0.1, 0.2, 0.8):
        assert tables["odds"](400, flips, 0.0, 0.02)[FAILED] < 0.025
    for flips in (0.01, 0.04):
        assert tables["odds"](400, flips, 0.02, 0.02)[PASSED] < 0.05
        assert tables["odds"](400, flips, 0.05, 0.02)[FAILED] > 0.9
