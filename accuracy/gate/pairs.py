"""Statistics of two models on the same videos. Only videos that one has right and the other wrong tell them apart.

Throughout: n videos; of them `lost` were right before and are wrong now, `gained` the other way round. The
drop of accuracy is (lost - gained) / n, in [-1, 1]; a negative one is an improvement.
"""

from __future__ import annotations

import math

Z_ONE_SIDED_95 = 1.6448536269514722  # the standard normal's 95 % quantile
Z_TWO_SIDED_95 = 1.959963984540054
Z_POWER_80 = 0.8416212335729143  # its 80 % quantile: what was planned for happens 4 times of 5
_BISECTIONS = 60


def mcnemar_p(lost: int, gained: int) -> float:
    """Return the exact two-sided p of McNemar's test: would a fair coin share the flips so unequally?

    Example: 8 lost and 1 gained -> 2 * (1 + 9) / 2**9 = 0.0390625; no flip at all -> 1.

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


def drop_upper_bound(lost: int, gained: int, num_videos: int, z: float = Z_ONE_SIDED_95) -> float:
    """Return the upper bound of the drop: the largest from which the one observed is at most z standard errors off.

    The standard error is that of the supposed drop, with the most likely share of gained videos beside it. So the
    bound stays above 0 when nothing flipped, where resampling would claim certainty: z**2 / (n + z**2).
    Example: Nothing flipped on 400 videos -> 2.706 / 402.706 = 0.0067.

    Source: T. Tango, Stat. Med. 17 (1998), 891, equations 9 to 12.
    """
    low, high = (lost - gained) / num_videos, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if num_videos * middle - (lost - gained) <= z * _deviation(middle, lost, gained, num_videos):
            low = middle
        else:
            high = middle
    return high


def _deviation(drop: float, lost: float, gained: float, num_videos: int) -> float:
    """Return the standard deviation of lost - gained if the drop is `drop`: Tango's equation 11."""
    linear = (2 * num_videos - lost + gained) * drop - lost - gained
    constant = -gained * drop * (1 - drop)
    share_gained = (math.sqrt(max(0.0, linear**2 - 8 * num_videos * constant)) - linear) / (4 * num_videos)
    return math.sqrt(num_videos * max(0.0, 2 * share_gained + drop * (1 - drop)))


def is_same(drop: float, max_drop: float) -> bool:
    """Tell whether a drop is its limit, but for the rounding of the two divisions."""
    return math.isclose(drop, max_drop, rel_tol=1e-9, abs_tol=1e-12)


def videos_needed(lost: float, gained: float, num_videos: int, max_drop: float) -> int | None:
    """Estimate how many videos would settle, 4 times of 5, whether the drop is within a limit.

    Flips are supposed to go on as observed, and their number to be normal. Below the limit the bound of the drop must
    come to lie within it; above it McNemar's test must come to say p < 0.05, and the drop to exceed the limit. It is
    within about 10 % of the exact number where flips are many, and farther from it where few are expected.

    Returns:
        More than `num_videos`; None where no number would do, since the drop is the limit itself.

    Example: No flip, limit 0.02 -> 133, the first n for which z**2 / (n + z**2) is within it.

    Source: R. Connor, Biometrics 43 (1987), 207, for McNemar's test, with a correction for continuity.
    """
    drop, flips = (lost - gained) / num_videos, (lost + gained) / num_videos
    if is_same(drop, max_drop):
        return None
    spread = Z_POWER_80 * math.sqrt(flips - drop**2)
    distance = abs(max_drop - drop)
    if drop < max_drop:
        at_limit = _deviation(max_drop, lost, gained, num_videos) / math.sqrt(num_videos)
        needed = ((Z_ONE_SIDED_95 * at_limit + spread) / distance) ** 2
    else:
        to_see = ((Z_TWO_SIDED_95 * math.sqrt(flips) + spread) / drop) ** 2 + 1 / drop
        needed = max(to_see, (spread / distance) ** 2)
    return max(math.ceil(needed), num_videos + 1)
