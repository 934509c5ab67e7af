"""How often the gate says what, and how many videos it takes to be told: computed by its own rule, not drawn.

The numbers of videos lost and gained among n are multinomial. Every outcome that matters is gone through with its
probability, so that what comes out is exact and the same on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.gate.pairs import Z_ONE_SIDED_95, Z_TWO_SIDED_95, is_beyond, is_same, is_within

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

POWER = 0.8
"""What was planned for happens 4 times of 5."""
Z_POWER_80 = 0.8416212335729143
"""The standard normal's 80 % quantile."""

MANY_FLIPS = 400
"""Where more of them are expected, their number is taken to be normal; see `videos_needed`."""

_DEVIATIONS, _MORE = 6, 8
"""Counts this many standard deviations, and so many, off their mean come less than once in 10**7 sets."""
_SURELY = 0.95
_GROWTH = 1.25
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What may come of n videos, each array of shape (num_outcomes,).

    Attributes:
        lost: Right before, wrong now.
        gained: Wrong before, right now.
        chance: How probable that is.
    """

    lost: IntArray
    gained: IntArray
    chance: FloatArray


def outcomes(num_videos: int, share_lost: float, share_gained: float) -> Outcomes:
    """Return every outcome that is not negligible.

    Args:
        num_videos: All that are compared.
        share_lost: The probability that a video is lost, as a fraction.
        share_gained: That it is gained.
    """
    lost, gained = np.meshgrid(_range(num_videos, share_lost), _range(num_videos, share_gained), indexing="ij")
    is_possible = lost + gained <= num_videos
    lost, gained = lost[is_possible], gained[is_possible]
    others = num_videos - lost - gained
    log_chance = math.lgamma(num_videos + 1) - _log_factorials(lost) - _log_factorials(gained) - _log_factorials(others)
    for counts, share in ((lost, share_lost), (gained, share_gained), (others, 1 - share_lost - share_gained)):
        log_chance += _log_power(share, counts)
    return Outcomes(lost, gained, np.exp(log_chance))


def _range(num_videos: int, share: float) -> IntArray:
    """Return the counts of a binomial distribution that are not negligible."""
    mean = num_videos * share
    reach = _DEVIATIONS * math.sqrt(mean * (1 - share)) + (_MORE if share else 0)
    return np.arange(max(0, math.floor(mean - reach)), min(num_videos, math.ceil(mean + reach)) + 1)


def _log_factorials(counts: IntArray) -> FloatArray:
    first = int(counts.min())
    table = np.array([math.lgamma(count + 1) for count in range(first, int(counts.max()) + 1)])
    return np.asarray(table[counts - first])


def _log_power(share: float, counts: IntArray) -> FloatArray:
    """Return ln(share**counts); a share that rounding took to 0 or below it is 0."""
    if share < 1e-12:
        return np.where(counts == 0, 0.0, -np.inf)
    return np.asarray(counts * math.log(share))


def chance_to_settle(num_videos: int, share_lost: float, share_gained: float, max_drop: float) -> float:
    """Return how often the gate says what is true: passed where the drop is below its limit, failed where it is above.

    Args:
        num_videos: All that are compared.
        share_lost: The probability that a video is lost, as a fraction.
        share_gained: That it is gained.
        max_drop: The limit, as a fraction.
    """
    found = outcomes(num_videos, share_lost, share_gained)
    rule = is_within if share_lost - share_gained < max_drop else is_beyond
    return float(found.chance[rule(found.lost, found.gained, num_videos, max_drop)].sum())


def videos_needed(lost: float, gained: float, num_videos: int, max_drop: float) -> int | None:
    """Return how many videos would settle, 4 times of 5, whether the drop is within a limit.

    Flips are supposed to go on as observed. Since they are whole, `chance_to_settle` rises in steps and falls slowly
    between them: it is 80 % or more for the number returned, less for one video less, and from there on it stays so,
    but for falls of less than a point that are narrower than the steps of 1 % in which the number is looked for.

    Where more than 400 flips are expected, a normal approximation serves: with d the drop, f the share of videos that
    flip and L the limit, (z95 + z80)**2 * (f - d**2) / (L - d)**2 videos where d is below L; where it is above,
    ((z97.5 * sqrt(f) + z80 * sqrt(f - d**2)) / d)**2 for McNemar's test, or z80**2 * (f - d**2) / (d - L)**2 for the
    observed drop to exceed the limit, whichever is more. The chance is then 76 to 81 %.

    Args:
        lost: Right before, wrong now.
        gained: Wrong before, right now.
        num_videos: All that were compared.
        max_drop: The limit, in [0, 1].

    Returns:
        More than `num_videos`; None where no number would do, since the drop is the limit itself.

    Example:
        No flip, limit 0.02 -> 133, the first n for which z95**2 / (n + z95**2) is within it.

    Source: R. Connor, Biometrics 43 (1987), 207, for the approximation of McNemar's test.
    """
    share_lost, share_gained = lost / num_videos, gained / num_videos
    drop, flips = share_lost - share_gained, share_lost + share_gained
    if is_same(drop, max_drop):
        return None
    approximate = _approximate(drop, flips, max_drop)
    if approximate * flips > MANY_FLIPS:
        return max(math.ceil(approximate), num_videos + 1)

    def settles(number: int, often: float = POWER) -> bool:
        return chance_to_settle(number, share_lost, share_gained, max_drop) >= often

    enough = num_videos + 1
    while not settles(enough, _SURELY):
        enough = math.ceil(enough * _GROWTH)
    few = enough
    while few > num_videos and settles(few):
        enough, few = few, few - max(1, few // _STEPS)
    few = max(few, num_videos)
    while enough - few > 1:
        middle = (few + enough) // 2
        if settles(middle):
            enough = middle
        else:
            few = middle
    return enough


def _approximate(drop: float, flips: float, max_drop: float) -> float:
    deviation = math.sqrt(flips - drop**2)
    if drop < max_drop:
        return ((Z_ONE_SIDED_95 + Z_POWER_80) * deviation / (max_drop - drop)) ** 2
    to_see = ((Z_TWO_SIDED_95 * math.sqrt(flips) + Z_POWER_80 * deviation) / drop) ** 2
    to_exceed = (Z_POWER_80 * deviation / (drop - max_drop)) ** 2
    return max(to_see, to_exceed)
