"""How often the gate settles, and with how many videos, against draws, hand-worked numbers, and the gate itself."""

import math
from itertools import product

import numpy as np
import pytest

from i3d_edge.accuracy.gate.power import MANY_FLIPS, chance_to_settle, outcomes, videos_needed
from i3d_edge.accuracy.gate.verdict import Verdict, drop_verdict


def test_outcomes_are_all_there_are() -> None:
    for case in product([1, 6, 400], [(0.03, 0.01), (0.0, 0.0), (0.02, 0.0), (0.7, 0.3), (1.0, 0.0), (0.0, 0.5)]):
        num_videos, (lost, gained) = case
        found = outcomes(num_videos, lost, gained)
        assert found.chance.sum() == pytest.approx(1, abs=1e-7), case
        assert (found.lost * found.chance).sum() == pytest.approx(num_videos * lost, rel=1e-6), case
        assert (found.gained * found.chance).sum() == pytest.approx(num_videos * gained, rel=1e-6), case
        assert (found.lost + found.gained <= num_videos).all(), case


def test_an_outcome_by_hand() -> None:
    """3 lost and 2 gained of 8 come in 8! / (3! 2! 3!) = 560 orders."""
    found = outcomes(8, 0.2, 0.1)
    [chance] = found.chance[(found.lost == 3) & (found.gained == 2)]
    assert chance == pytest.approx(560 * 0.2**3 * 0.1**2 * 0.7**3)


CASES = [
    # below the limit
    (0, 0, 50, 0.02),
    (0.5, 0.5, 100, 0.03),
    (1, 0, 100, 0.02),
    (1, 1, 100, 0.02),
    (2, 2, 400, 0.005),
    (8, 8, 400, 0.02),
    (11, 8, 400, 0.02),
    (11, 11, 400, 0.02),
    (0, 1, 400, 0.0),
    # above it
    (1, 0, 1, 0.02),
    (1, 0, 30, 0.02),
    (3, 1, 50, 0.02),
    (5, 0, 100, 0.02),
    (14, 4, 400, 0.02),
    (20, 9, 400, 0.02),
]


def test_the_number_settles_it_4_times_of_5_and_one_video_less_does_not() -> None:
    for case in CASES:
        lost, gained, num_videos, limit = case
        needed = videos_needed(lost, gained, num_videos, limit)
        assert needed is not None, case
        shares = (lost / num_videos, gained / num_videos)
        assert chance_to_settle(needed, *shares, limit) >= 0.8, case
        assert chance_to_settle(needed - 1, *shares, limit) < 0.8, case
        if lost + gained > 5:
            assert chance_to_settle(needed, *shares, limit) == pytest.approx(0.8, abs=0.01), case


def test_with_more_videos_it_stays_so() -> None:
    for case in [(1, 0, 100, 0.02), (3, 1, 50, 0.02), *CASES[-2:]]:
        lost, gained, num_videos, limit = case
        needed = videos_needed(lost, gained, num_videos, limit)
        assert needed is not None, case
        shares = (lost / num_videos, gained / num_videos)
        assert min(chance_to_settle(needed + more, *shares, limit) for more in range(0, needed // 3, 3)) > 0.79, case


def test_videos_needed() -> None:
    for lost, gained, num_videos, limit, needed in [
        # no flip: 2.7055 * 0.98 / 0.02 = 132.6
        (0, 0, 50, 0.02, 133),
        # all lost: 6 of 6 are the fewest that McNemar's test sees
        (1, 0, 1, 0.02, 6),
        # all gained: 3 are sqrt(3) standard errors from no drop, more than 1.645, and 2 are sqrt(2)
        (0, 1, 1, 0.0, 3),
        # more than 400 flips, approximately: 6.1826 * 0.2 / 0.02**2 = 3091.3
        (40, 40, 400, 0.02, 3092),
        # the same above the limit: (0.841621 * 0.352668 / 0.005)**2 = 3523.9
        (30, 20, 400, 0.02, 3524),
        # the drop is the limit
        (8, 0, 400, 0.02, None),
        # no limit above 0 for a set where nothing flipped
        (0, 0, 50, 0.0, None),
    ]:
        assert videos_needed(lost, gained, num_videos, limit) == needed


def test_how_far_the_approximation_is_off() -> None:
    for case in [(40, 40, 400, 0.02), (9, 8, 400, 0.005), (9, 0, 1000, 0.01), (30, 20, 400, 0.02), (23, 2, 1000, 0.02)]:
        lost, gained, num_videos, limit = case
        needed = videos_needed(lost, gained, num_videos, limit)
        assert needed is not None, case
        assert needed * (lost + gained) / num_videos > MANY_FLIPS, case
        assert 0.76 < chance_to_settle(needed, lost / num_videos, gained / num_videos, limit) < 0.81, case


def test_it_is_always_more_than_there_are() -> None:
    assert videos_needed(2, 10, 400, 0.02) == 401


@pytest.mark.parametrize(("lost", "gained", "num_videos"), [(11, 8, 400), (6, 6, 200), (12, 3, 300)])
def test_drawn_sets_of_that_size_are_settled_4_times_of_5(lost: int, gained: int, num_videos: int) -> None:
    """Draw sets of that size at the observed rates and ask the gate."""
    needed = videos_needed(lost, gained, num_videos, 0.02)
    assert needed is not None
    shares = np.array([lost, gained, num_videos - lost - gained]) / num_videos
    draws = np.random.default_rng(2).multinomial(needed, shares, size=2000)
    settled = [drop_verdict(int(row[0]), int(row[1]), needed, 0.02) is not Verdict.UNDECIDED for row in draws]
    assert np.mean(settled) == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / 2000))
