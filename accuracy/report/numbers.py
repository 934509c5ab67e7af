"""Numbers as text: three significant digits, a unit, and an interval."""

import math

from i3d_edge.accuracy.result.schema import Metric
from i3d_edge.runtime.show.templates import percent


def metric_lines(metric: Metric | None) -> tuple[str, ...]:
    """Return a metric's value, count and 95 % interval: "83.0 %", "186/224", "77.6 .. 87.4 %"; or "none"."""
    return ("none",) if metric is None else (percent(metric["value"]), count(metric), interval(metric))


def interval(metric: Metric) -> str:
    """Return a metric's 95 % interval: "77.2 .. 87.6 %"."""
    return f"{100 * metric['interval_low']:.1f} .. {100 * metric['interval_high']:.1f} %"


def count(metric: Metric) -> str:
    """Return a metric's count: "166/200"."""
    return f"{metric['num_correct']}/{metric['num_total']}"


def seconds(value: float) -> str:
    """Return a time with three significant digits, in milliseconds below one second: "152 ms", "12.3 s"."""
    return f"{significant(1000 * value)} ms" if value < 0.9995 else f"{significant(value)} s"


def significant(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent: "0.0123", "1234"."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == round(rounded):
        return f"{value:.0f}"
    return f"{rounded:.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def signed(points: float) -> str:
    """Return a difference with its sign and one decimal: "+2.5", "0.0"."""
    return f"{points:+.1f}".replace("-", "\N{MINUS SIGN}") if abs(points) >= 0.05 else "0.0"
