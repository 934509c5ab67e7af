"""Why the gate counts flips: a bound from margins passes what lost the limit. See docs/background/gate-statistics.md.

A margin is ln p of the label minus ln p of the best other class. Those drawn here have the mean and the standard
deviation of the margins of 114 real clips, and change as little as INT8 changes them.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from i3d_edge.accuracy.gate.pairs import Z_ONE_SIDED_95
from i3d_edge.accuracy.gate.verdict import Verdict, drop_verdict

Floats = NDArray[np.float64]
Fault = Callable[[Floats, float], Floats]

LIMIT = 0.02
NUM_LISTS, NUM_VIDEOS = 300, 400


def all_less(margins: Floats, size: float) -> Floats:
    return np.full_like(margins, -size)


def near_the_boundary(margins: Floats, size: float) -> Floats:
    """Right answers with a small margin lose as much."""
    return np.where((margins > 0) & (margins < size), -size, 0.0)


def draw(fault: Fault, size: float, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return margins, and by how much each changes."""
    rng = np.random.default_rng(22)
    margins = rng.normal(3.6, 6.2, shape)
    return margins, rng.normal(0, 0.35, shape) + fault(margins, size)


def flips(margins: Floats, changes: Floats) -> NDArray[np.int64]:
    """Return 1 for lost, -1 for gained, else 0."""
    return (margins > 0).astype(int) - (margins + changes > 0)


def size_that_loses(drop: float, fault: Fault) -> float:
    low, high = 0.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if flips(*draw(fault, middle, (200_000,))).mean() < drop else (low, middle)
    return high


def flips_pass(margins: Floats, changes: Floats) -> bool:
    found = flips(margins, changes)
    return drop_verdict(int((found > 0).sum()), int((found < 0).sum()), len(found), LIMIT) is Verdict.PASSED


def margins_pass(margins: Floats, changes: Floats) -> bool:
    """Try every change on every margin; the bound is the normal one of that mean."""
    is_right = margins[:, None] + changes > 0
    influences = (margins > 0) - is_right.mean(axis=1) - is_right.mean(axis=0)
    drop = (margins > 0).mean() - is_right.mean()
    return bool(drop + Z_ONE_SIDED_95 * influences.std() / len(margins) ** 0.5 <= LIMIT)


@pytest.mark.parametrize(
    ("fault", "drop", "least_passed", "most_passed"),
    [
        (all_less, 0.0, 0.95, 1.0),
        (all_less, LIMIT, 0.02, 0.12),  # the estimate supposes this: changes that do not depend on margins
        (near_the_boundary, LIMIT, 0.95, 1.0),
    ],
)
def test_only_flips_keep_to_5_of_100(fault: Fault, drop: float, least_passed: float, most_passed: float) -> None:
    """Margins pass nearly every model that lost nothing, and nearly every one that lost the limit at the boundary."""
    lists = list(zip(*draw(fault, size_that_loses(drop, fault), (NUM_LISTS, NUM_VIDEOS)), strict=True))
    by_flips, by_margins = (np.mean([passes(*one) for one in lists]) for passes in (flips_pass, margins_pass))
    assert least_passed <= by_margins <= most_passed
    assert drop == 0 or by_flips < 0.05 + 3 * (0.05 * 0.95 / NUM_LISTS) ** 0.5
