"""The reliability diagram: how often a model is right when it says that it is so sure."""

from __future__ import annotations

import math

from i3d_edge.accuracy.report.html.markup import Html, join, table, tag
from i3d_edge.accuracy.report.html.models import ReportedModel
from i3d_edge.accuracy.report.html.numbers import percent, plural, signed
from i3d_edge.accuracy.result.metrics import Proportion
from i3d_edge.accuracy.result.schema import CalibrationBin

_SIZE_PX, _LEFT_PX, _TOP_PX, _PLOT_PX = 320, 46, 26, 230
_FEW = 10


def reliability(model: ReportedModel) -> Html:
    """Return the diagram of a model, with its data folded away below."""
    bins = [item for item in model.details["calibration"] if item["num_videos"]]
    rows = [
        [
            f"{100 * item['low']:.0f} .. {100 * item['high']:.0f} %",
            str(item["num_videos"]),
            percent(_confidence(item)),
            f"{percent(item['num_correct'] / item['num_videos'])} ({item['num_correct']})",
        ]
        for item in bins
    ]
    data = table(["probability", "videos", "mean", "right"], rows)
    folded = tag("details", tag("summary", "the numbers"), data)
    caption = tag("figcaption", title(model))
    return tag("figure", caption, _diagram(bins), folded, class_="small")


def title(model: ReportedModel) -> str:
    """Return the diagram's message: mean probability beside the share of right answers, and the calibration error.

    A side is taken only where the mean probability is outside the share's 95 % interval.
    """
    bins = [item for item in model.details["calibration"] if item["num_videos"]]
    num_videos = sum(item["num_videos"] for item in bins)
    said = math.fsum(_confidence(item) * item["num_videos"] for item in bins) / num_videos
    right = Proportion(sum(item["num_correct"] for item in bins), num_videos)
    low, high = right.interval
    side = (
        "less sure than it is right"
        if said < low
        else "surer than it is right"
        if said > high
        else f"as sure as it is right, as far as {plural(num_videos, 'video')} can tell"
    )
    return (
        f"{model.title}: {side}. Mean probability {percent(said)}, right {percent(right.value)}, difference "
        f"{signed(100 * (said - right.value))} points; calibration error "
        f"{100 * model.details['calibration_error']:.1f} points"
    )


def _confidence(item: CalibrationBin) -> float:
    assert item["mean_confidence"] is not None
    return item["mean_confidence"]


def _diagram(bins: list[CalibrationBin]) -> Html:
    right, bottom = _LEFT_PX + _PLOT_PX, _TOP_PX + _PLOT_PX
    parts: list[str] = [tag("title", "share of right answers against probability")]
    for number in range(6):
        x, y = _x(number / 5), _y(number / 5)
        parts.append(tag("line", x1=_LEFT_PX, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(tag("line", x1=x, x2=x, y1=_TOP_PX, y2=bottom, class_="grid"))
        parts.append(tag("text", f"{20 * number} %", x=_LEFT_PX - 6, y=y + 4, text_anchor="end"))
        parts.append(tag("text", f"{20 * number}", x=x, y=bottom + 16, text_anchor="middle"))
    parts.append(tag("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="diagonal"))
    most = max(item["num_videos"] for item in bins)
    for item in bins:
        share = Proportion(item["num_correct"], item["num_videos"])
        x, (low, high) = _x(_confidence(item)), share.interval
        parts.append(tag("line", x1=x, x2=x, y1=_y(low), y2=_y(high), class_="whisker s0"))
        size = 3 + 5 * math.sqrt(item["num_videos"] / most)
        hollow = " hollow" if item["num_videos"] < _FEW else ""
        parts.append(tag("circle", cx=x, cy=_y(share.value), r=size, class_=f"mark s0{hollow}"))
    parts.append(tag("text", "largest probability, %", x=(_LEFT_PX + right) / 2, y=bottom + 34, text_anchor="middle"))
    parts.append(tag("text", "right ↑", x=_LEFT_PX, y=_TOP_PX - 12, class_="small"))
    view = f"0 0 {_SIZE_PX} {bottom + 42}"
    note = tag("p", f"Area: number of videos; hollow: fewer than {_FEW}. Lines: 95 % intervals.", class_="note")
    return join([tag("svg", *parts, viewBox=view, role="img", class_="chart square"), note])


def _x(share: float) -> float:
    return _LEFT_PX + share * _PLOT_PX


def _y(share: float) -> float:
    return _TOP_PX + (1 - share) * _PLOT_PX
