"""Ticks of axes: round numbers, as many as fit."""

from __future__ import annotations

import math


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from the last at or below `low` to the first at or above `high`.

    Example:
        (0.72, 0.88) -> 0.7, 0.75, 0.8, 0.85, 0.9.
    """
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if _steps(low, high, factor * power) <= most)
    first = math.floor(low / step + 1e-9)
    return [round((first + number) * step, 10) for number in range(_steps(low, high, step) + 1)]


def _steps(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten within bounds; only powers of ten where those are many.

    Example:
        (0.08, 3) -> 0.1, 0.2, 0.5, 1, 2.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if math.log10(high / low) < 3 else (1,)
    ticks = [factor * 10.0**decade for decade in decades for factor in factors]
    return [tick for tick in ticks if low <= tick <= high]
