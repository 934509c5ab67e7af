"""Speed against accuracy: what each model costs per video, and how often it is right.

After the chart by which GluonCV's model zoo shows its networks. Models of one chart answered the same videos; a shape
is a protocol, and numbers of different shapes differ in what the network was shown, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.report.html.axes import linear_ticks, log_ticks
from i3d_edge.accuracy.report.html.markup import Html, join, tag
from i3d_edge.accuracy.report.html.models import ReportedModel, labels_of
from i3d_edge.accuracy.report.html.numbers import percent, seconds, significant
from i3d_edge.accuracy.report.html.placing import LINE_PX, Box, place_labels, text_width
from i3d_edge.accuracy.report.html.shapes import mark
from i3d_edge.accuracy.report.reference import REFERENCES
from i3d_edge.accuracy.run.protocol import is_current

METRIC = "video_top1"
WIDE_PX, NARROW_PX = 960, 350

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 52, 14, 14, 50
_CAP_PX = 4
_LINE_GAP_PX = 4
_TITLE = "top-1 per video ↑"
_TICK_GAP_PX = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A published number that a chart may show: measured by a protocol of the chart, with the weights of its models."""

    name: str
    protocol: str
    value: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """From seconds and fractions to pixels."""

    width: float
    height: float
    low_s: float
    high_s: float
    low: float
    high: float
    ticks: Sequence[float]

    def x(self, video_s: float) -> float:
        share = math.log(video_s / self.low_s) / math.log(self.high_s / self.low_s)
        return _LEFT_PX + share * (self.width - _LEFT_PX - _RIGHT_PX)

    def y(self, fraction: float) -> float:
        share = (fraction - self.low) / (self.high - self.low)
        return self.height - _BOTTOM_PX - share * (self.height - _TOP_PX - _BOTTOM_PX)


def tradeoff(models: Sequence[ReportedModel]) -> Html:
    """Return the figure of models that answered the same videos: title, chart, and what is to be minded."""
    shown = plotted(models)
    if not shown:
        return tag("p", "No model has both a time and an accuracy per video, so there is nothing to draw.")
    charts = [
        tag("div", *chart(shown, width=width, height=height), class_=class_)
        for width, height, class_ in ((WIDE_PX, 470, "wide"), (NARROW_PX, 420, "narrow"))
    ]
    caption = tag("figcaption", finding(shown))
    return tag("figure", caption, _legend(shown), *charts, _minded(shown))


def plotted(models: Sequence[ReportedModel]) -> list[ReportedModel]:
    """Return the models that have a place in the chart: those with a time and a figure per video."""
    return [model for model in models if METRIC in model.metrics and model.video_s > 0]


def finding(models: Sequence[ReportedModel]) -> str:
    """Return the chart's message: which is fastest, which is right most often, and do they overlap.

    Interrupted runs are left out, as theirs are other videos than the others'; a model alone is told in any case.
    """
    name = dict(zip(models, labels_of(models), strict=True)).__getitem__
    whole = models if len(models) == 1 else [model for model in models if model.run.is_complete]
    if not whole:
        return "All of these runs were interrupted, so none is called the fastest or right most often"
    by_time = sorted(whole, key=lambda model: model.video_s)
    right = max(by_time, key=lambda model: model.metrics[METRIC]["value"])
    quick = by_time[0]
    at = percent(quick.metrics[METRIC]["value"])
    if len(whole) == 1:
        return f"{name(quick)}: {at} of videos right, {seconds(quick.video_s)} of inference each"
    text = f"Fastest: {name(quick)}, {seconds(quick.video_s)} a video at {at}. "
    if right is quick:
        return text + "None is right more often"
    text += (
        f"Most often right: {name(right)}, {percent(right.metrics[METRIC]['value'])} at "
        f"{significant(right.video_s / quick.video_s, 2)} times the time"
    )
    if quick.metrics[METRIC]["interval_high"] >= right.metrics[METRIC]["interval_low"]:
        text += "; their intervals overlap"
    return text


def chart(models: Sequence[ReportedModel], *, width: float, height: float) -> list[Html]:
    """Return the chart alone, as SVG; where names have no room beside their points, numbers, and a key below."""
    lines = reference_lines(models)
    scale = _scale(models, lines, width, height)
    protocols = _protocols(models)
    points = [(scale.x(model.video_s), scale.y(model.metrics[METRIC]["value"])) for model in models]
    series = [protocols.index(model.protocol) for model in models]
    whiskers = [
        (x, scale.y(model.metrics[METRIC]["interval_high"]), scale.y(model.metrics[METRIC]["interval_low"]))
        for model, (x, _) in zip(models, points, strict=True)
    ]
    texts = [_line_text(line, scale) for line in lines]
    taken = [Box(x - 2, top, x + 2, bottom) for x, top, bottom in whiskers] + [box for _, _, _, box in texts]
    taken.append(_title_box())
    inside = Box(_LEFT_PX, _TOP_PX, width - 2, height - _BOTTOM_PX)
    names = labels_of(models)
    labels, places = names, place_labels(names, points, taken, inside)
    if is_numbered := not all(place.is_clear for place in places):
        labels = [str(number) for number in range(1, len(models) + 1)]
        places = place_labels(labels, points, taken, inside)
    parts = [tag("title", finding(models)), *_axes(scale)]
    for line, (x, y, label, _) in zip(lines, texts, strict=True):
        level = scale.y(line.value)
        class_ = f"reference s{protocols.index(line.protocol) % 7}"
        parts.append(tag("line", x1=_LEFT_PX, x2=width - _RIGHT_PX, y1=level, y2=level, class_=class_))
        parts.append(tag("text", label, x=x, y=y, text_anchor="end", class_="small"))
    for (x, top, bottom), number in zip(whiskers, series, strict=True):
        path = f"M{x:.1f} {top:.1f}V{bottom:.1f}M{x - _CAP_PX:.1f} {top:.1f}h8M{x - _CAP_PX:.1f} {bottom:.1f}h8"
        parts.append(tag("path", d=path, class_=f"whisker s{number % 7}"))
    for (x, y), place in zip(points, places, strict=True):
        if place.is_far:
            parts.append(tag("line", x1=x, y1=y, x2=place.line_end[0], y2=place.line_end[1], class_="leader"))
    for model, (x, y), number in zip(models, points, series, strict=True):
        parts.append(mark(number, x, y, is_hollow=not model.run.is_complete))
    for label, place in zip(labels, places, strict=True):
        parts.append(tag("text", label, x=place.x, y=place.y, text_anchor=place.anchor, class_="label"))
    drawing = tag("svg", *parts, viewBox=f"0 0 {width:.0f} {height:.0f}", role="img", class_="chart")
    items = [tag("li", tag("b", label), " ", name) for label, name in zip(labels, names, strict=True)]
    return [drawing, tag("ul", *items, class_="key")] if is_numbered else [drawing]


def reference_lines(models: Sequence[ReportedModel]) -> list[Line]:
    """Return the published numbers of the very protocols and weights that are drawn, per video."""
    return [
        Line(reference.name, model.protocol, number.top1 / 100)
        for reference in REFERENCES
        for number in reference.numbers
        for model in _first_of_each_protocol(models, number.weights)
        if reference.metric == METRIC and reference.comparable == model.how["name"] and is_current(model.how)
    ]


def _first_of_each_protocol(models: Sequence[ReportedModel], weights: str | None) -> list[ReportedModel]:
    found: dict[str, ReportedModel] = {}
    for model in models:
        if weights is not None and model.info["origin"] == weights:
            found.setdefault(model.protocol, model)
    return list(found.values())


def _scale(models: Sequence[ReportedModel], lines: Sequence[Line], width: float, height: float) -> _Scale:
    metrics = [model.metrics[METRIC] for model in models]
    times = [model.video_s for model in models]
    ticks = linear_ticks(
        min([metric["interval_low"] for metric in metrics] + [line.value for line in lines]),
        max([metric["interval_high"] for metric in metrics] + [line.value for line in lines]),
    )
    low, high = max(0.0, ticks[0]), min(1.0, ticks[-1])
    # A little air above 100 %, so that a point there is not cut.
    margin = 0.05 * (high - low)
    ticks = [tick for tick in ticks if 0 <= tick <= 1]
    return _Scale(width, height, min(times) / 1.6, max(times) * 2.2, low - margin, high + margin, ticks)


def _axes(scale: _Scale) -> list[Html]:
    bottom, right = scale.height - _BOTTOM_PX, scale.width - _RIGHT_PX
    parts = []
    for tick in scale.ticks:
        y = scale.y(tick)
        parts.append(tag("line", x1=_LEFT_PX, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", f"{100 * tick:g} %", x=_LEFT_PX - 6, y=y + 4, text_anchor="end"))
    last = -math.inf
    for tick in log_ticks(scale.low_s, scale.high_s):
        x = scale.x(tick)
        parts.append(tag("line", x1=x, x2=x, y1=_TOP_PX, y2=bottom, class_="grid"))
        if x - last > text_width("100 ms") + _TICK_GAP_PX:
            parts.append(tag("text", seconds_tick(tick), x=x, y=bottom + 16, text_anchor="middle"))
            last = x
    parts.append(tag("line", x1=_LEFT_PX, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(tag("line", x1=_LEFT_PX, x2=_LEFT_PX, y1=_TOP_PX, y2=bottom, class_="axis"))
    middle = (_LEFT_PX + right) / 2
    parts.append(
        tag("text", "inference per video (logarithmic) ← faster", x=middle, y=bottom + 36, text_anchor="middle")
    )
    parts.append(tag("text", _TITLE, x=_LEFT_PX + 6, y=_TOP_PX + 2, class_="small"))
    return parts


def _title_box() -> Box:
    return Box(_LEFT_PX, _TOP_PX + 2 - LINE_PX, _LEFT_PX + 6 + text_width(_TITLE), _TOP_PX + 6)


def seconds_tick(value: float) -> str:
    """Return a round time as short as it is exact.

    Example:
        0.2 -> "200 ms"; 5.0 -> "5 s".
    """
    return f"{1000 * value:g} ms" if value < 0.9995 else f"{value:g} s"


def _line_text(line: Line, scale: _Scale) -> tuple[float, float, str, Box]:
    label = f"{line.name}: {100 * line.value:g} %, {line.protocol}"
    x, y = scale.width - _RIGHT_PX, scale.y(line.value) - _LINE_GAP_PX
    return x, y, label, Box(x - text_width(label), y - LINE_PX, x, y + LINE_PX / 2)


def _legend(models: Sequence[ReportedModel]) -> Html:
    marks = [(mark(number, 8, 8, 5.5), protocol) for number, protocol in enumerate(_protocols(models))]
    if not all(model.run.is_complete for model in models):
        marks.append((mark(0, 8, 8, 5.5, is_hollow=True), "hollow: interrupted, fewer videos"))
    items = [
        tag("li", tag("svg", drawing, viewBox="0 0 16 16", width="16", height="16", class_="chart"), " ", what)
        for drawing, what in marks
    ]
    return tag("ul", *items, class_="legend")


def _protocols(models: Sequence[ReportedModel]) -> list[str]:
    return list(dict.fromkeys(model.protocol for model in models))


def _minded(models: Sequence[ReportedModel]) -> Html:
    notes = [
        "Vertical lines are 95 % Wilson intervals of each model alone; pairs on the same videos are compared "
        "further down. Time is what these runs spent inside the models, one request at a time, while other threads "
        "decoded: i3d bench measures speed properly."
    ]
    if len(_protocols(models)) > 1:
        notes.append(
            "Shapes are protocols. Models of one shape were shown the same pixels; between shapes the protocol differs "
            "as well, so a difference is not the model's alone."
        )
    if len({model.machine for model in models}) > 1:
        notes.append("Not all runs were made on one machine with one software: times of different ones do not compare.")
    if lines := reference_lines(models):
        names = ", ".join(dict.fromkeys(line.name for line in lines))
        notes.append(
            f"Dashed lines are published numbers of the same checkpoint by the protocol of that colour ({names}), "
            "on their own videos."
        )
    return join([tag("p", note, class_="note") for note in notes])
