"""Statistics of two models on the same videos. Only videos that one has right and the other wrong tell them apart.

Throughout: n videos; of them `lost` were right before and are wrong now, `gained` the other way round. The
drop of accuracy is (lost - gained) / n, in [-1, 1]; a negative one is an improvement.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Z_ONE_SIDED_95 = 1.6448536269514722
"""The standard normal's 95 % quantile."""
Z_TWO_SIDED_95 = 1.959963984540054
SIGNIFICANCE = 0.05
"""Below it, p says that the flips are not shared evenly."""

NUM_RESAMPLES = 10_000
SEED = 0

_BISECTIONS = 60

Counts = int | float | npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def mcnemar_p(lost: int, gained: int) -> float:
    """Return the exact two-sided p of McNemar's test: would a fair coin share the flips so unequally?

    Example:
        8 lost and 1 gained -> 2 * (1 + 9) / 2**9 = 0.0390625; no flip at all -> 1.

    Source: Q. McNemar, Psychometrika 12 (1947), 153, with the binomial distribution in place of its approximation.
    """
    flips = lost + gained
    if lost == gained:
        return 1.0
    ways = tail = 1
    for number in range(min(lost, gained)):
        ways = ways * (flips - number) // (number + 1)  # flips over number + 1
        tail += ways
    return float(tail / 2 ** (flips - 1))


@cache
def fewest_lost(flips: int) -> int:
    """Return from how many lost of so many flips on McNemar's test says p < 0.05; more than `flips` if it never does.

    Example:
        6 flips -> 6, as 2 / 2**6 = 0.031; 5 flips -> 6, for 2 / 2**5 = 0.063.
    """
    gained, ways, tail, total = 0, 1, 1, 2**flips
    while tail / total < SIGNIFICANCE / 2:
        gained += 1
        ways = ways * (flips - gained + 1) // gained  # flips over gained
        tail += ways
    return flips - gained + 1


def drop_upper_bound(lost: float, gained: float, num_videos: int, z: float = Z_ONE_SIDED_95) -> float:
    """Return the upper bound of the drop: the largest from which the one observed is at most z standard errors off.

    The standard error is that of the supposed drop, with the most likely share of gained videos beside it. So the
    bound stays above 0 when nothing flipped, where resampling would claim certainty: z**2 / (n + z**2).

    Args:
        lost: Right before, wrong now.
        gained: Wrong before, right now.
        num_videos: All that were compared, 1 at least.
        z: For a one-sided bound of 95 % by default.

    Example:
        Nothing flipped on 400 videos -> 2.706 / 402.706 = 0.0067.

    Source: T. Tango, Stat. Med. 17 (1998), 891, equations 9 to 12.
    """
    low, high = (lost - gained) / num_videos, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _is_compatible(middle, lost, gained, num_videos, z):
            low = middle
        else:
            high = middle
    return high


def _is_compatible(drop: float, lost: Counts, gained: Counts, num_videos: int, z: float) -> BoolArray:
    """Tell whether the observed drop lies at most z standard errors below a supposed one."""
    linear = (2 * num_videos - lost + gained) * drop - lost - gained
    constant = -gained * drop * (1 - drop)
    share_gained = (np.sqrt(np.maximum(0.0, linear**2 - 8 * num_videos * constant)) - linear) / (4 * num_videos)
    variance = num_videos * np.maximum(0.0, 2 * share_gained + drop * (1 - drop))
    return np.asarray(num_videos * drop - (lost - gained) <= z * np.sqrt(variance))


def is_within(lost: Counts, gained: Counts, num_videos: int, max_drop: float) -> BoolArray:
    """Tell whether the drop is within a limit: whether `drop_upper_bound` is.

    Args:
        lost: Right before, wrong now; a number, or an array of them.
        gained: The other way round; of the same shape.
        num_videos: All that were compared.
        max_drop: The limit, as a fraction.

    Returns:
        Of that shape.
    """
    is_below = np.asarray(lost - gained < max_drop * num_videos)
    return is_below & ~_is_compatible(max_drop, lost, gained, num_videos, Z_ONE_SIDED_95) | (max_drop >= 1)


def is_beyond(lost: Counts, gained: Counts, num_videos: int, max_drop: float) -> BoolArray:
    """Tell whether the drop is beyond a limit: it exceeds it, and McNemar's test says p < 0.05.

    Args:
        lost: Right before, wrong now; a number, or an array of them.
        gained: The other way round; of the same shape.
        num_videos: All that were compared.
        max_drop: The limit, as a fraction.

    Returns:
        Of that shape.
    """
    drop, flips = np.asarray((lost - gained) / num_videos), np.asarray(lost + gained, dtype=np.int64)
    exceeds = (drop > max_drop) & ~is_same(drop, max_drop)
    first = int(flips.min())
    fewest = np.array([fewest_lost(number) for number in range(first, int(flips.max()) + 1)])
    return np.asarray(exceeds & (lost >= fewest[flips - first]))


def bootstrap_interval(lost: int, gained: int, num_videos: int, *, seed: int = SEED) -> tuple[float, float]:
    """Return the paired bootstrap's 95 % interval of the drop: its 2.5 and 97.5 % quantiles over 10,000 resamples.

    Drawing videos with replacement and counting the flips among them is drawing the counts from a multinomial
    distribution, which is what is done. With few flips the interval is too narrow; without any, it is empty.

    Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    shares = np.array([lost, gained, num_videos - lost - gained]) / num_videos
    counts = np.random.default_rng(seed).multinomial(num_videos, shares, size=NUM_RESAMPLES)
    low, high = np.quantile((counts[:, 0] - counts[:, 1]) / num_videos, [0.025, 0.975])
    return float(low), float(high)


def is_same(drop: float | npt.NDArray[np.float64], max_drop: float) -> BoolArray:
    """Tell whether a drop is its limit, but for the rounding of the two divisions."""
    return np.asarray(np.abs(drop - max_drop) <= 1e-12 + 1e-9 * max_drop)
