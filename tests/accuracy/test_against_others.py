"""Metrics and statistics against scikit-learn, statsmodels and SciPy, on random data."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from i3d_edge.accuracy.gate.pairs import mcnemar_p
from i3d_edge.accuracy.result.details import (
    calibration_error,
    class_counts,
    confusion_pairs,
    mean_class_top1,
)
from i3d_edge.accuracy.result.metrics import VideoOutcome, count_ranks, wilson_interval

NUM_CLASSES = 12

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    sklearn_calibration = pytest.importorskip("sklearn.calibration")
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")


def drawn(seed: int, num_videos: int = 300) -> tuple[list[VideoOutcome], np.ndarray, np.ndarray]:
    """Return what became of videos in random order, their labels, and their probabilities."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(NUM_CLASSES, size=num_videos)
    probabilities = rng.dirichlet(np.full(NUM_CLASSES, 0.4), size=num_videos)
    probabilities[np.arange(num_videos), labels] += rng.uniform(0, 0.6, num_videos)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    outcomes = [
        VideoOutcome.of(f"{video:04d}", int(labels[video]), probabilities[video]) for video in range(num_videos)
    ]
    return [outcomes[number] for number in rng.permutation(num_videos)], labels, probabilities


def test_top_k(subtests: pytest.Subtests) -> None:
    for seed in range(3):
        with subtests.test(seed=seed):
            outcomes, labels, probabilities = drawn(seed)
            found = count_ranks("video", [outcome.rank for outcome in outcomes])
            classes = np.arange(NUM_CLASSES)
            for k in (1, 5):
                expected = sklearn_metrics.top_k_accuracy_score(labels, probabilities, k=k, labels=classes)
                assert found[f"video_top{k}"]["value"] == pytest.approx(expected, abs=1e-12)


def test_classes_and_confusions(subtests: pytest.Subtests) -> None:
    for seed in range(3):
        with subtests.test(seed=seed):
            outcomes, labels, probabilities = drawn(seed)
            best = probabilities.argmax(axis=1)
            counts = class_counts(outcomes)
            expected = sklearn_metrics.balanced_accuracy_score(labels, best)
            assert mean_class_top1(counts) == pytest.approx(expected, abs=1e-12)
            matrix = sklearn_metrics.confusion_matrix(labels, best, labels=np.arange(NUM_CLASSES))
            for count in counts:
                label = count["label"]
                assert (count["num_videos"], count["num_top1"]) == (matrix[label].sum(), matrix[label, label])
                assert count["num_predicted"] == matrix[:, label].sum()
            pairs = {(pair["label"], pair["predicted"]): pair["num_videos"] for pair in confusion_pairs(outcomes, 1000)}
            wrong = {(row, column): matrix[row, column] for row, column in np.argwhere(matrix) if row != column}
            assert pairs == wrong


def test_calibration(subtests: pytest.Subtests) -> None:
    for seed in range(3):
        with subtests.test(seed=seed):
            outcomes, labels, probabilities = drawn(seed)
            is_right = probabilities.argmax(axis=1) == labels
            right, said = sklearn_calibration.calibration_curve(is_right, probabilities.max(axis=1), n_bins=10)
            counts, _ = np.histogram(probabilities.max(axis=1), bins=10, range=(0, 1))
            weights = counts[counts > 0] / len(labels)
            expected = float(np.sum(weights * np.abs(right - said)))
            assert calibration_error(outcomes) == pytest.approx(expected, abs=1e-9)


def test_wilson(subtests: pytest.Subtests) -> None:
    for correct, total in [(0, 7), (1, 7), (35, 35), (186, 224), (262, 400), (13_057, 19_796)]:
        with subtests.test(correct=correct, total=total):
            expected = proportion.proportion_confint(correct, total, alpha=0.05, method="wilson")
            assert wilson_interval(correct, total) == pytest.approx(expected, abs=1e-12)


def test_mcnemar() -> None:
    rng = np.random.default_rng(0)
    for lost, gained in [(0, 0), (1, 0), (500, 430), *rng.integers(0, 40, (30, 2)).tolist()]:
        expected = contingency.mcnemar([[10, lost], [gained, 10]], exact=True).pvalue
        if lost == gained:
            assert mcnemar_p(lost, gained) == 1
            assert math.isclose(min(1.0, expected), 1.0)
        else:
            assert mcnemar_p(lost, gained) == pytest.approx(expected, rel=1e-9)
