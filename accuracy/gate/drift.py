"""Drift: how far a model's probabilities moved, whether or not an answer changed with them."""

from __future__ import annotations

import math

_FLOOR = 1e-6
"""Probabilities below this count as this, so that a single 0 does not decide a mean over all videos."""


def log_change(before: float, after: float) -> float:
    """Return how far the natural log-probability of one class moved, in either direction.

    The class is the best of the baseline. A change of 0.01 is 1 % more or less of its probability; ln 2 = 0.69
    is half or twice of it; 13.8 at most, from 1 to nothing.

    Example:
        0.8 before, 0.4 after -> 0.693; 0.4 before, 0.8 after -> the same.

    Source: our choice.
    """
    return abs(math.log(max(after, _FLOOR)) - math.log(max(before, _FLOOR)))
