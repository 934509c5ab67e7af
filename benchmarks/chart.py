"""A result as a chart: one self-contained SVG file, readable in grey."""

from __future__ import annotations

import textwrap

from benchmarks.figures import figures, finding, rounded
from benchmarks.result import BenchmarkResult

_WIDTH_PX = 800
_LEFT_PX, _RIGHT_PX = 236, 70
_BAR_PX, _STEP_PX = 18, 28
_TITLE_CHARS = 80
_LINE_PX = 22


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
    made = environment("benchmarks")
    made.filters["rounded"] = rounded
    return made.get_template("bars.svg.j2").render(
        plot=Plot(_WIDTH_PX, bottom + 58, x, Axis(0, len(lines), bottom, top - 4, {}, "")),
        finding=finding(result),
        title=title,
        lines=lines,
        tops=range(top, bottom, _STEP_PX),
        bar_height=_BAR_PX,
    )
