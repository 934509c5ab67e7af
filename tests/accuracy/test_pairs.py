"""Statistics of pairs, against tables worked by hand, published ones, and their own definitions."""

import math

import numpy as np
import pytest

from i3d_edge.accuracy.gate.pairs import (
    Z_ONE_SIDED_95,
    Z_TWO_SIDED_95,
    drop_upper_bound,
    is_same,
    mcnemar_p,
    videos_needed,
)


def test_mcnemar() -> None:
    for lost, gained, p in [
        (0, 0, 1.0),
        (1, 0, 1.0),  # 2 * 1/2
        (5, 0, 2 / 32),
        (6, 0, 2 / 64),  # the fewest one-sided flips below 0.05
        (8, 1, 2 * (1 + 9) / 512),
        (1, 8, 2 * (1 + 9) / 512),
        (10, 2, 2 * (1 + 12 + 66) / 4096),
        (7, 7, 1.0),
        (4, 3, 1.0),  # 2 * (1 + 7 + 21 + 35) / 128
        (2, 4, 2 * (1 + 6 + 15) / 64),
    ]:
        assert mcnemar_p(lost, gained) == pytest.approx(p, rel=1e-12)


def test_mcnemar_of_many_flips() -> None:
    """The exact p stays near the normal approximation with its correction for continuity."""
    z = (abs(5200 - 5000) - 1) / math.sqrt(5200 + 5000)
    assert mcnemar_p(5200, 5000) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-3)


def test_tango() -> None:
    for lost, gained, num_videos, low, high in [
        # airway hyper-responsiveness: M. Fagerland, S. Lydersen, P. Laake, Stat. Med. 33 (2014), 2850
        (1, 7, 21, -0.517, -0.026),
        # nothing flipped: z**2 / (n + z**2)
        (0, 0, 400, -3.8415 / 403.8415, 3.8415 / 403.8415),
        # everything is lost: the bound is 1
        (9, 0, 9, None, 1.0),
    ]:
        assert drop_upper_bound(lost, gained, num_videos, Z_TWO_SIDED_95) == pytest.approx(high, abs=5e-4)
        if low is not None:
            assert -drop_upper_bound(gained, lost, num_videos, Z_TWO_SIDED_95) == pytest.approx(low, abs=5e-4)


def test_the_bound_is_as_unlikely_as_stated() -> None:
    """The defining property, with the likeliest share of gained videos found by trying many of them."""
    for case in [(11, 8, 400), (20, 2, 400), (0, 3, 400), (3, 1, 12)]:
        lost, gained, num_videos = case
        bound = drop_upper_bound(lost, gained, num_videos)
        shares = np.linspace(max(0.0, -bound) + 1e-9, (1 - bound) / 2 - 1e-9, 2_000_001)
        likelihood = (num_videos - lost - gained) * np.log1p(-2 * shares - bound)
        likelihood += lost * np.log(shares + bound) + gained * np.log(shares)
        share = shares[np.argmax(likelihood)]
        error = math.sqrt(num_videos * (2 * share + bound * (1 - bound)))
        assert (num_videos * bound - (lost - gained)) / error == pytest.approx(Z_ONE_SIDED_95, abs=1e-3), case


def test_few_videos_have_a_wide_bound() -> None:
    assert [round(100 * drop_upper_bound(0, 0, number), 2) for number in (1, 40, 400)] == [73.01, 6.34, 0.67]
    assert drop_upper_bound(1, 0, 1) == pytest.approx(1.0)


def test_more_lost_is_a_higher_bound_and_more_gained_a_lower_one() -> None:
    lost = [drop_upper_bound(number, 3, 400) for number in range(30)]
    gained = [drop_upper_bound(3, number, 400) for number in range(30)]
    assert lost == sorted(lost)
    assert gained[3:] == sorted(gained[3:], reverse=True)


def test_a_drop_that_is_the_limit_but_for_rounding() -> None:
    assert 7 / 1000 != 0.7 / 100
    assert is_same(7 / 1000, 0.7 / 100)
    assert not is_same(8 / 1000, 0.7 / 100)


@pytest.mark.parametrize(
    ("lost", "gained", "num_videos", "limit", "exact"),
    [
        # below the limit
        (0, 0, 50, 0.02, 133),
        (1, 1, 100, 0.02, 401),
        (2, 2, 400, 0.005, 2711),
        (8, 8, 400, 0.02, 676),
        (11, 8, 400, 0.02, 1966),
        (40, 40, 400, 0.02, 3092),
        # above it
        (1, 0, 1, 0.02, 6),
        (1, 0, 30, 0.02, 236),
        (3, 1, 50, 0.02, 421),
        (20, 9, 400, 0.02, 1006),
        (30, 20, 400, 0.02, 3524),
    ],
)
def test_videos_needed_are_about_right(lost: int, gained: int, num_videos: int, limit: float, exact: int) -> None:
    """The exact numbers come from going through every outcome with its probability, by the gate's own rule."""
    needed = videos_needed(lost, gained, num_videos, limit)
    assert needed is not None
    assert num_videos < needed == pytest.approx(exact, rel=0.2)


def test_videos_needed_at_the_edges() -> None:
    assert videos_needed(2, 10, 400, 0.02) == 401  # always more than there are
    assert videos_needed(8, 0, 400, 0.02) is None  # the drop is the limit
    assert videos_needed(0, 0, 50, 0.0) is None
