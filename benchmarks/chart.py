"""A result as a chart: one self-contained SVG file, readable in grey."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, figures, finding, rounded
from benchmarks.result import BenchmarkResult

if TYPE_CHECKING:
    from i3d_edge.runtime.show.chart import Axis

_WIDTH_PX = 800
_LEFT_PX, _RIGHT_PX = 236, 70
_BAR_PX, _STEP_PX = 18, 28
_TITLE_CHARS = 80
_LINE_PX = 22
_OURS, _STOCK, _OTHERS = "#222222", "#8a8a8a", "#d0d0d0"


@dataclass(frozen=True, slots=True)
class Bar:
    """A rival's bar, by positions in pixels.

    Attributes:
        figure: The rival's times.
        top: Upper edge.
        median: Right end.
        p10: Left end of the whisker.
        p90: Right end of the whisker.
        fill: Colour.
    """

    figure: Figure
    top: int
    median: float
    p10: float
    p90: float
    fill: str


def svg(result: BenchmarkResult) -> str:
    """Return bars of the median time per clip, slowest first, with whiskers from the 10th to the 90th percentile."""
    from i3d_edge.runtime.show.chart import Axis, Plot, linear_ticks  # here, because the runtime loads OpenVINO
    from i3d_edge.runtime.show.templates import environment

    lines = figures(result)
    title = textwrap.wrap(finding(result), _TITLE_CHARS)
    top = 46 + _LINE_PX * len(title)
    bottom = top + _STEP_PX * len(lines)
    ticks = linear_ticks(0, max(line.p90_ms for line in lines))
    num_frames = result["clip_shape"][1]
    text = f"milliseconds per clip of {num_frames} frames: median, and 10th to 90th percentile"
    x = Axis(0, ticks[-1], _LEFT_PX, _WIDTH_PX - _RIGHT_PX, {tick: f"{tick:g}" for tick in ticks}, text)
    plot = Plot(_WIDTH_PX, bottom + 58, x, Axis(0, len(lines), bottom, top - 4, {}, ""))
    made = environment("benchmarks")
    made.filters["rounded"] = rounded
    return made.get_template("bars.svg.j2").render(
        plot=plot,
        finding=finding(result),
        title=title,
        legend=[(_OURS, "i3d-edge"), (_STOCK, "stock OpenVINO"), (_OTHERS, "others")],
        bars=[_bar(line, top + _STEP_PX * number, x) for number, line in enumerate(lines)],
        bar_height=_BAR_PX,
    )


def _bar(line: Figure, top: int, x: Axis) -> Bar:
    fill = _OURS if line.is_ours else _STOCK if line.is_stock else _OTHERS
    return Bar(line, top, x.at(line.median_ms), x.at(line.p10_ms), x.at(line.p90_ms), fill)
