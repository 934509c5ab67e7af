"""A result as a chart: one SVG file that needs nothing else, and can be read in grey."""

from __future__ import annotations

import textwrap
from html import escape

import numpy as np

from benchmarks.figures import Figure, figures, finding, rounded
from benchmarks.result import BenchmarkResult

_WIDTH_PX = 800
_LEFT_PX, _RIGHT_PX = 236, 70
_BAR_PX, _STEP_PX = 18, 28
_TITLE_CHARS = 80
_LINE_PX = 22
_FONT = "font-family='Helvetica, Arial, sans-serif'"
_OURS, _STOCK, _OTHERS = "#222222", "#8a8a8a", "#d0d0d0"


def svg(result: BenchmarkResult) -> str:
    """Return bars of the median time per clip, slowest first, with whiskers from the 10th to the 90th percentile."""
    lines = figures(result)
    title = textwrap.wrap(finding(result), _TITLE_CHARS)
    top = 16 + _LINE_PX * len(title) + 30
    bottom = top + _STEP_PX * len(lines)
    height = bottom + 58
    ticks = _ticks(max(line.p90_ms for line in lines))
    per_ms = (_WIDTH_PX - _LEFT_PX - _RIGHT_PX) / ticks[-1]
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH_PX} {height}' width='{_WIDTH_PX}' "
        f"height='{height}' role='img' {_FONT} font-size='13' fill='#111111'>",
        f"<title>{escape(finding(result))}</title>",
        f"<rect width='{_WIDTH_PX}' height='{height}' fill='#ffffff'/>",
    ]
    for number, text in enumerate(title):
        parts.append(_text(16, 28 + _LINE_PX * number, text, "start", "font-size='16' font-weight='bold'"))
    parts += _legend(16, top - 26)
    for tick in ticks:
        x = _LEFT_PX + tick * per_ms
        parts.append(f"<line x1='{x:.1f}' y1='{top - 4}' x2='{x:.1f}' y2='{bottom}' stroke='#e4e4e4'/>")
        parts.append(_text(x, bottom + 16, f"{tick:g}"))
    axis = _LEFT_PX + ticks[-1] * per_ms / 2
    num_frames = result["clip_shape"][1]
    parts.append(
        _text(axis, bottom + 40, f"milliseconds per clip of {num_frames} frames: median, and 10th to 90th percentile")
    )
    for number, line in enumerate(lines):
        parts += _bar(line, top + _STEP_PX * number, per_ms)
    parts.append(f"<line x1='{_LEFT_PX}' y1='{top - 4}' x2='{_LEFT_PX}' y2='{bottom}' stroke='#111111'/>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(line: Figure, y: float, per_ms: float) -> list[str]:
    middle = y + _BAR_PX / 2
    start, end = (_LEFT_PX + value * per_ms for value in (line.p10_ms, line.p90_ms))
    fill = _OURS if line.is_ours else _STOCK if line.is_stock else _OTHERS
    weight = "font-weight='bold'" if line.is_ours else ""
    return [
        _text(_LEFT_PX - 8, middle + 4.5, line.rival["name"], "end", weight),
        f"<rect x='{_LEFT_PX}' y='{y}' width='{line.median_ms * per_ms:.1f}' height='{_BAR_PX}' fill='{fill}'/>",
        f"<path d='M{start:.1f} {middle}H{end:.1f}M{start:.1f} {middle - 4}v8M{end:.1f} {middle - 4}v8' "
        "stroke='#ffffff' stroke-width='4' fill='none'/>",
        f"<path d='M{start:.1f} {middle}H{end:.1f}M{start:.1f} {middle - 4}v8M{end:.1f} {middle - 4}v8' "
        "stroke='#111111' stroke-width='1.5' fill='none'/>",
        _text(max(end, _LEFT_PX + line.median_ms * per_ms) + 7, middle + 4.5, rounded(line.median_ms), "start", weight),
    ]


def _legend(x: float, y: float) -> list[str]:
    parts = []
    for fill, text in ((_OURS, "i3d-edge"), (_STOCK, "stock OpenVINO"), (_OTHERS, "others")):
        parts.append(f"<rect x='{x}' y='{y}' width='14' height='14' fill='{fill}'/>")
        parts.append(_text(x + 20, y + 11.5, text, "start"))
        x += 40 + 8 * len(text)
    return parts


def _text(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{escape(text)}</text>".replace(" >", ">")


def _ticks(largest: float) -> list[float]:
    """Return round numbers from zero to the first that is not below the largest value."""
    power = 10 ** np.floor(np.log10(largest / 4))
    step = next(float(factor * power) for factor in (1, 2, 5, 10) if largest / (factor * power) <= 6)
    return [step * number for number in range(int(np.ceil(largest / step)) + 1)]
