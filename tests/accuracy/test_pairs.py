"""Statistics of pairs, against tables worked by hand, published ones, and their own definitions."""

import math
from itertools import product

import numpy as np
import pytest

from i3d_edge.accuracy.gate.pairs import (
    Z_ONE_SIDED_95,
    Z_TWO_SIDED_95,
    bootstrap_interval,
    drop_upper_bound,
    fewest_lost,
    is_beyond,
    is_same,
    is_within,
    mcnemar_p,
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


def test_bootstrap_is_the_resampling_of_videos() -> None:
    outcomes = np.array([1] * 11 + [-1] * 8 + [0] * 381)
    rng = np.random.default_rng(5)
    means = [rng.choice(outcomes, 400).mean() for _ in range(4000)]
    low, high = bootstrap_interval(11, 8, 400)
    assert low == pytest.approx(np.quantile(means, 0.025), abs=0.003)
    assert high == pytest.approx(np.quantile(means, 0.975), abs=0.003)


def test_bootstrap_is_the_same_each_time_and_holds_the_drop() -> None:
    assert bootstrap_interval(11, 8, 400) == bootstrap_interval(11, 8, 400)
    low, high = bootstrap_interval(20, 2, 400)
    assert 0 < low < 18 / 400 < high
    assert bootstrap_interval(0, 0, 400) == (0.0, 0.0)
    assert bootstrap_interval(1, 0, 1) == (1.0, 1.0)


def test_a_limit_is_kept_where_the_bound_is_within_it() -> None:
    for case in product([1, 7, 60, 400], [0.0, 0.005, 0.02, 0.3]):
        num_videos, limit = case
        lost, gained = np.meshgrid(np.arange(min(num_videos, 30) + 1), np.arange(min(num_videos, 30) + 1))
        lost, gained = lost[lost + gained <= num_videos], gained[lost + gained <= num_videos]
        bounds = [drop_upper_bound(one, other, num_videos) for one, other in zip(lost, gained, strict=True)]
        assert is_within(lost, gained, num_videos, limit).tolist() == [bound <= limit for bound in bounds], case


def test_a_limit_of_everything_is_always_kept() -> None:
    assert is_within(9, 0, 9, 1.0)


def test_the_fewest_lost_are_those_that_mcnemar_sees() -> None:
    for flips in range(150):
        seen = [lost for lost in range(flips // 2, flips + 1) if mcnemar_p(lost, flips - lost) < 0.05]
        assert fewest_lost(flips) == (seen[0] if seen else flips + 1)


def test_a_limit_is_broken_where_the_drop_exceeds_it_and_mcnemar_sees_it() -> None:
    lost, gained = np.meshgrid(np.arange(40), np.arange(40))
    expected = (lost - gained > 8) & np.vectorize(lambda one, other: mcnemar_p(one, other) < 0.05)(lost, gained)
    assert (is_beyond(lost, gained, 400, 0.02) == expected).all()


def test_a_drop_that_is_the_limit_but_for_rounding() -> None:
    assert 7 / 1000 != 0.7 / 100
    assert is_same(7 / 1000, 0.7 / 100)
    assert not is_same(8 / 1000, 0.7 / 100)
