"""Details of a model's answers: by class, by confusion, by confidence."""

import numpy as np
import pytest

from i3d_edge.accuracy.result.details import (
    calibration_error,
    class_counts,
    confusion_pairs,
    describe,
    mean_class_top1,
)
from i3d_edge.accuracy.result.metrics import VideoOutcome


def video(label: int, best: int) -> VideoOutcome:
    """A video of seven classes; behind the best one the others come in order of their index."""
    others = [index for index in range(7) if index != best]
    probabilities = np.zeros(7)
    probabilities[[best, *others]] = [0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02]
    return VideoOutcome.of("v", label, probabilities)


# label 0: 3 of 4 right, one taken for 2; label 1: never right, taken for 2; label 6: taken for 0, and it is last, so
# not among the best five; class 2 is nobody's label.
VIDEOS = [video(0, 0), video(0, 0), video(0, 0), video(0, 2), video(1, 2), video(1, 2), video(6, 0)]


def test_counts_by_hand() -> None:
    rows = [tuple(count.values()) for count in class_counts(VIDEOS)]
    assert rows == [
        # label, videos, top-1, top-5, predicted
        (0, 4, 3, 4, 4),
        (1, 2, 0, 2, 0),
        (2, 0, 0, 0, 3),
        (6, 1, 0, 0, 0),
    ]


def test_mean_class_accuracy_counts_each_class_once() -> None:
    """Top-1 is 3/7; the three classes that have videos have 3/4, 0 and 0."""
    assert mean_class_top1(class_counts(VIDEOS)) == 0.25


def test_confusions_most_frequent_first() -> None:
    assert [tuple(pair.values()) for pair in confusion_pairs(VIDEOS)] == [(1, 2, 2), (0, 2, 1), (6, 0, 1)]
    assert [tuple(pair.values()) for pair in confusion_pairs(VIDEOS, limit=1)] == [(1, 2, 2)]


def said(confidence: float, is_right: bool) -> VideoOutcome:
    return VideoOutcome.of("v", 0 if is_right else 1, np.array([confidence, 1 - confidence]))


def test_calibration_by_hand() -> None:
    apart = [said(0.9, True), said(0.9, False), said(0.6, True), said(0.6, True)]
    assert calibration_error(apart) == pytest.approx(0.4)
    together = [said(0.85, True), said(0.87, False)]  # one bin: half of them right, at a mean of 0.86
    assert calibration_error(together) == pytest.approx(0.36)
    assert calibration_error([said(1.0000004, True)]) == pytest.approx(0, abs=1e-6)  # rounding may end above 1


def test_an_edge_belongs_below(subtests: pytest.Subtests) -> None:
    """(0.6, 0.7] holds 0.7, though 0.7 * 10 is more than 7 in binary."""
    for tenths in range(6, 11):
        with subtests.test(tenths=tenths):
            edge, below = tenths / 10, tenths / 10 - 0.05
            gap = (
                edge + below
            ) / 2 - 0.5  # one bin; in two the wrong one's gap would be `edge`, the right one's 1 - below
            assert calibration_error([said(edge, False), said(below, True)]) == pytest.approx(gap)


def test_order_changes_not_a_bit() -> None:
    rng = np.random.default_rng(0)
    videos = [
        VideoOutcome.of("v", int(label), probabilities)
        for label, probabilities in zip(rng.integers(7, size=99), rng.dirichlet(np.ones(7), 99), strict=True)
    ]
    assert describe(videos[::-1]) == describe(videos)
