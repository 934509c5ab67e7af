"""The reliability diagram: how often a model is right when it claims a probability."""

from __future__ import annotations

import math
from dataclasses import dataclass

from i3d_edge.accuracy.report.models import ReportedModel
from i3d_edge.accuracy.report.numbers import signed
from i3d_edge.accuracy.report.table import Cell, Table
from i3d_edge.accuracy.result.metrics import Proportion
from i3d_edge.accuracy.result.schema import CalibrationBin, Details
from i3d_edge.core.text import plural
from i3d_edge.runtime.show.chart import Axis, Plot, Point
from i3d_edge.runtime.show.templates import percent

FEW = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """The diagram of a model.

    Attributes:
        title: Its finding.
        plot: Its size and axes.
        points: One per bin; hollow if it has few videos.
        table: The numbers behind it.
    """

    title: str
    plot: Plot
    points: list[Point]
    table: Table


def reliability(model: ReportedModel) -> Reliability:
    """Return the diagram of a model; the area of a point is the number of videos in its bin."""
    bins = [item for item in model.details["calibration"] if item["num_videos"]]
    shares = {number / 5: f"{20 * number} %" for number in range(6)}
    plot = Plot(320, 300, Axis(0, 1, 46, 290, shares, "largest probability"), Axis(0, 1, 258, 26, shares, "right ↑"))
    most = max(item["num_videos"] for item in bins)
    points: list[Point] = []
    for item in bins:
        share, num_videos = Proportion(item["num_correct"], item["num_videos"]), item["num_videos"]
        x, y = plot.x.at(_confidence(item)), plot.y.at(share.value)
        low, high = (plot.y.at(end) for end in share.interval)
        points.append(Point(0, x, y, low, high, 3 + 5 * math.sqrt(num_videos / most), is_hollow=num_videos < FEW))
    return Reliability(_title(model, bins), plot, points, bins_table(model.details))


def bins_table(details: Details) -> Table:
    """Return a row per bin that has videos: how many, their mean probability, and how many of them are right."""
    rows: list[list[Cell]] = [
        [
            f"{100 * item['low']:.0f} .. {100 * item['high']:.0f} %",
            str(item["num_videos"]),
            percent(item["mean_confidence"]),
            f"{percent(item['num_correct'] / item['num_videos'])} ({item['num_correct']})",
        ]
        for item in details["calibration"]
        if item["mean_confidence"] is not None
    ]
    return Table(["probability", "videos", "mean", "right"], rows)


def _title(model: ReportedModel, bins: list[CalibrationBin]) -> str:
    """Return the mean probability beside the share of right answers, and the calibration error.

    It takes a side only if the mean probability is outside the 95 % interval of the share.
    """
    num_videos = sum(item["num_videos"] for item in bins)
    mean = math.fsum(_confidence(item) * item["num_videos"] for item in bins) / num_videos
    right = Proportion(sum(item["num_correct"] for item in bins), num_videos)
    low, high = right.interval
    side = f"well calibrated, as far as {plural(num_videos, 'video')} can tell"
    if mean < low:
        side = "underconfident"
    elif mean > high:
        side = "overconfident"
    return (
        f"{model.title}: {side}. Mean probability {percent(mean)}, right {percent(right.value)}, difference "
        f"{signed(100 * (mean - right.value))} points; calibration error "
        f"{100 * model.details['calibration_error']:.1f} points"
    )


def _confidence(item: CalibrationBin) -> float:
    assert item["mean_confidence"] is not None
    return item["mean_confidence"]
