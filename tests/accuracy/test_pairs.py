"""Statistics of pairs, against tables worked by hand, published ones, and their own definitions."""

import math

import numpy as np
import pytest

from accuracy.pairs import (
    Z_ONE_SIDED_95,
    Z_TWO_SIDED_95,
    bootstrap_interval,
    drop_upper_bound,
    is_same,
    mcnemar_p,
    videos_needed,
)


@pytest.mark.parametrize(
    ("lost", "gained", "p"),
    [
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
    ],
)
def test_mcnemar(lost: int, gained: int, p: float) -> None:
    assert mcnemar_p(lost, gained) == pytest.approx(p, rel=1e-12)


def test_mcnemar_of_many_flips() -> None:
    """The exact p stays near the normal approximation with its correction for continuity."""
    z = (abs(5200 - 5000) - 1) / math.sqrt(5200 + 5000)
    assert mcnemar_p(5200, 5000) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-3)


@pytest.mark.parametrize(
    ("lost", "gained", "num_videos", "low", "high"),
    [
        # airway hyper-responsiveness: M. Fagerland, S. Lydersen, P. Laake, Stat. Med. 33 (2014), 2850
        (1, 7, 21, -0.517, -0.026),
        # nothing flipped: z**2 / (n + z**2)
        (0, 0, 400, -3.8415 / 403.8415, 3.8415 / 403.8415),
        # everything is lost: the bound is 1
        (9, 0, 9, None, 1.0),
    ],
)
def test_tango(lost: int, gained: int, num_videos: int, low: float | None, high: float) -> None:
    assert drop_upper_bound(lost, gained, num_videos, Z_TWO_SIDED_95) == pytest.approx(high, abs=5e-4)
    if low is not None:
        assert -drop_upper_bound(gained, lost, num_videos, Z_TWO_SIDED_95) == pytest.approx(low, abs=5e-4)


@pytest.mark.parametrize(("lost", "gained", "num_videos"), [(11, 8, 400), (20, 2, 400), (0, 3, 400), (3, 1, 12)])
def test_the_bound_is_as_unlikely_as_stated(lost: int, gained: int, num_videos: int) -> None:
    """The defining property, with the likeliest share of gained videos found by trying many of them."""
    bound = drop_upper_bound(lost, gained, num_videos)
    shares = np.linspace(max(0.0, -bound) + 1e-9, (1 - bound) / 2 - 1e-9, 2_000_001)
    likelihood = (num_videos - lost - gained) * np.log1p(-2 * shares - bound)
    likelihood += lost * np.log(shares + bound) + gained * np.log(shares)
    share = shares[np.argmax(likelihood)]
    error = math.sqrt(num_videos * (2 * share + bound * (1 - bound)))
    assert (num_videos * bound - (lost - gained)) / error == pytest.approx(Z_ONE_SIDED_95, abs=1e-3)


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


@pytest.mark.parametrize(
    ("lost", "gained", "num_videos", "limit", "needed"),
    [
        # d = 0.0075, f = 0.0475: 6.1826 * (0.0475 - 0.00005625) / 0.0125**2 = 1877.3
        (11, 8, 400, 0.02, 1878),
        # no flip: 2.7055 * 0.98 / 0.02 = 132.6
        (0, 0, 50, 0.02, 133),
        # d = 0.025, f = 0.045 above L: ((1.95996 * 0.212132 + 0.841621 * 0.210654) / 0.025)**2 = 562.4 for the
        # test, (0.841621 * 0.210654 / 0.005)**2 = 1257.3 to stay above the limit
        (14, 4, 400, 0.02, 1258),
        # d = 0.05, f = 0.05 above L: ((1.95996 * 0.223607 + 0.841621 * 0.217945) / 0.05)**2 = 154.5
        (5, 0, 100, 0.02, 155),
        # the drop is the limit
        (8, 0, 400, 0.02, None),
        # no limit above 0 for a set where nothing flipped
        (0, 0, 50, 0.0, None),
    ],
)
def test_videos_needed(lost: int, gained: int, num_videos: int, limit: float, needed: int | None) -> None:
    assert videos_needed(lost, gained, num_videos, limit) == needed


def test_it_is_always_more_than_there_are() -> None:
    assert videos_needed(2, 10, 400, 0.02) == 401


@pytest.mark.parametrize(("lost", "gained", "num_videos"), [(11, 8, 400), (6, 6, 200), (12, 3, 300)])
def test_the_number_settles_it_4_times_of_5(lost: int, gained: int, num_videos: int) -> None:
    """Draw sets of that size at the observed rates and ask the gate."""
    from accuracy.gate import Verdict, check_drop

    needed = videos_needed(lost, gained, num_videos, 0.02)
    assert needed is not None
    shares = np.array([lost, gained, num_videos - lost - gained]) / num_videos
    draws = np.random.default_rng(2).multinomial(needed, shares, size=500)
    settled = [check_drop(int(row[0]), int(row[1]), needed, 0.02).verdict is not Verdict.UNDECIDED for row in draws]
    assert np.mean(settled) == pytest.approx(0.8, abs=0.06)


def test_a_drop_that_is_the_limit_but_for_rounding() -> None:
    assert 7 / 1000 != 0.7 / 100
    assert is_same(7 / 1000, 0.7 / 100)
    assert not is_same(8 / 1000, 0.7 / 100)
