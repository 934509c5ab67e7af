import numpy as np
import pytest

from i3d_edge.accuracy.result.metrics import rank_of, wilson_interval


def test_wilson_interval() -> None:
    for correct, total, low, high in [
        (15, 20, 0.5313, 0.8881),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (268, 400, 0.6225, 0.7143),
        (1, 1, 0.2065, 1.0),
    ]:
        assert wilson_interval(correct, total) == pytest.approx((low, high), abs=1e-4)


def test_the_ends_of_the_interval_are_as_unlikely_as_stated(subtests: pytest.Subtests) -> None:
    """The defining property: the observed fraction lies 1.96 standard errors from either end."""
    for correct, total in [(3, 17), (250, 400), (399, 400)]:
        with subtests.test(correct=correct, total=total):
            for end in wilson_interval(correct, total):
                if 0 < end < 1:
                    deviation = abs(correct / total - end) / np.sqrt(end * (1 - end) / total)
                    assert deviation == pytest.approx(1.95996, abs=1e-4)


def test_rank() -> None:
    for probabilities, label, rank in [
        ([0.1, 0.7, 0.2], 1, 0),
        ([0.1, 0.7, 0.2], 0, 2),
        ([0.4, 0.4, 0.2], 0, 0),
        ([0.4, 0.4, 0.2], 1, 1),
        ([0.25, 0.25, 0.25, 0.25], 3, 3),
    ]:
        assert rank_of(label, np.array(probabilities)) == rank
