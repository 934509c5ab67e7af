import numpy as np
import pytest

from i3d_edge.accuracy.result.calibration import calibration_bins, calibration_error
from i3d_edge.accuracy.result.metrics import ScoredView, VideoOutcome, video_outcome


def video(confidence: float, is_right: bool) -> VideoOutcome:
    return video_outcome([ScoredView("v", 0 if is_right else 1, np.array([confidence, 1 - confidence]))])


# 1 of 2 right at a mean of 0.9 is 0.4 off; 2 of 2 at a mean of 0.6 is 0.4 off; together (2 * 0.4 + 2 * 0.4) / 4.
VIDEOS = [video(0.88, True), video(0.92, False), video(0.58, True), video(0.62, True)]


def test_by_hand() -> None:
    bins = calibration_bins(VIDEOS, num_bins=2)
    assert [(item["low"], item["high"], item["num_videos"], item["num_correct"]) for item in bins] == [
        (0.0, 0.5, 0, 0),
        (0.5, 1.0, 4, 3),
    ]
    assert bins[0]["mean_confidence"] is None
    assert bins[1]["mean_confidence"] == pytest.approx(0.75)
    assert calibration_error(bins) == pytest.approx(0)  # what one wide bin hides

    narrow = calibration_bins([video(0.9, True), video(0.9, False), video(0.6, True), video(0.6, True)])
    assert [item["num_videos"] for item in narrow] == [0, 0, 0, 0, 0, 2, 0, 0, 2, 0]
    assert calibration_error(narrow) == pytest.approx(0.4)


def test_an_edge_belongs_below(subtests: pytest.Subtests) -> None:
    """(0.6, 0.7] holds 0.7, though 0.7 * 10 is more than 7 in binary."""
    for tenths in range(5, 11):
        with subtests.test(tenths=tenths):
            bins = calibration_bins([video(tenths / 10, True)])
            assert [item["num_videos"] for item in bins].index(1) == tenths - 1


def test_rounding_may_end_above_1() -> None:
    assert calibration_bins([video(1.0000004, True)])[-1]["num_videos"] == 1


def test_order_changes_not_a_bit() -> None:
    rng = np.random.default_rng(0)
    videos = [
        video(confidence, bool(right))
        for confidence, right in zip(rng.uniform(0.5, 1, 99), rng.integers(2, size=99), strict=True)
    ]
    assert calibration_bins(videos[::-1]) == calibration_bins(videos)
