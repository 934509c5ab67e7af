"""Scales and ticks of charts, which the templates in `chart.svg.j2` draw as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

_ROUND_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from values to positions. Positions are in units of the SVG's view box."""

    low: float  # the value at its start
    high: float  # the value at its end
    start: float  # the position of `low`: the left end, or the lower one
    end: float  # the position of `high`
    ticks: Mapping[float, str]  # text of each marked value
    title: str  # quantity and unit
    is_log: bool = False  # whether it is logarithmic

    def at(self, value: float) -> float:
        """Return the position of a value."""
        low, high, own = self.low, self.high, value
        if self.is_log:
            low, high, own = math.log(low), math.log(high), math.log(own)
        return round(self.start + (self.end - self.start) * (own - low) / (high - low), 1)

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Position and text of each tick."""
        return [(self.at(value), text) for value, text in self.ticks.items()]


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart's size, and its horizontal and vertical axis."""

    width: float
    height: float
    x: Axis
    y: Axis


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval, by position; `series` is the number of its colour and shape, `size` half its width."""

    series: int
    x: float
    y: float
    low: float
    high: float
    size: float = 6.5
    is_hollow: bool = False


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from the last at or below `low` to the first at or above `high`.

    Example: (0.72, 0.88) -> 0.7, 0.75, 0.8, 0.85, 0.9.
    """
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if _steps(low, high, factor * power) <= most)
    first = math.floor(low / step + 1e-9)
    return [round((first + number) * step, 10) for number in range(_steps(low, high, step) + 1)]


def _steps(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten within bounds; only powers of ten if those are too many.

    Example: (0.08, 3) -> 0.1, 0.2, 0.5, 1, 2.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1,)):
        ticks = [factor * 10.0**decade for decade in decades for factor in factors]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def time_ticks(duration_s: float, most: int) -> dict[float, str]:
    """Return round times up to a duration, in seconds, with their texts: minutes from two minutes on."""
    step = next((step for step in _ROUND_S if duration_s / step <= most), _ROUND_S[-1])
    times = [round(number * step, 3) for number in range(int(duration_s / step + 1e-9) + 1)]
    return {time_s: time_text(time_s, duration_s) for time_s in times}


def time_text(time_s: float, duration_s: float) -> str:
    """Return a time in seconds; in minutes if the video takes two minutes or more, in hours if it takes one.

    Example: 2.5 of 10 -> "2.5"; 90 of 600 -> "1:30"; 61 of 3600 -> "0:01:01".
    """
    if duration_s < 120:
        return f"{time_s:g}"
    minutes, seconds = divmod(int(time_s), 60)
    if duration_s < 3600:
        return f"{minutes}:{seconds:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def clock_text(time_s: float, duration_s: float) -> str:
    """Return the time and the duration: "3.4 / 10.0 s", or "1:01 / 10:00"."""
    if duration_s < 120:
        return f"{int(10 * time_s) / 10:.1f} / {duration_s:.1f} s"
    return f"{time_text(time_s, duration_s)} / {time_text(duration_s, duration_s)}"
