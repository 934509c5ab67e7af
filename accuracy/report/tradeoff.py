"""Speed against accuracy: the inference time of each model per video, and how often it is right.

Modelled on the chart by which GluonCV's model zoo shows its networks. The models of a chart answered the same videos.
Each protocol has its own shape, because its models were also shown other views.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.report.models import ReportedModel, groups, labels_of
from i3d_edge.accuracy.report.numbers import seconds, significant
from i3d_edge.runtime.show.chart import Axis, Plot, Point, linear_ticks, log_ticks
from i3d_edge.runtime.show.templates import percent

METRIC = "video_top1"

_CLUSTER = 24
_NUMBER_GAP = 13


@dataclass(frozen=True, slots=True)
class TradeoffChart:
    """What the report draws: size and axes, a point per model, and the position of the number of each."""

    plot: Plot
    points: list[Point]
    numbers: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """The figure of models that answered the same videos, with its message, names by number, and what to mind."""

    finding: str
    wide: TradeoffChart
    narrow: TradeoffChart
    names: list[str]
    notes: list[str]


def tradeoff(models: Sequence[ReportedModel]) -> Tradeoff | None:
    """Return the figure of models; None if none has both a time and an accuracy per video."""
    shown = [model for model in models if METRIC in model.metrics and model.video_s > 0]
    if not shown:
        return None
    wide, narrow = (_chart(shown, is_narrow=is_narrow) for is_narrow in (False, True))
    return Tradeoff(finding(shown), wide, narrow, labels_of(shown), _notes(shown))


def finding(models: Sequence[ReportedModel]) -> str:
    """Return which model is fastest, which is right most often, and whether intervals overlap, of complete runs."""
    names = dict(zip(models, labels_of(models), strict=True))
    whole = models if len(models) == 1 else [model for model in models if model.run.is_complete]
    if not whole:
        return "All of these runs were interrupted, so none is called the fastest or right most often"
    by_time = sorted(whole, key=lambda model: model.video_s)
    right = max(by_time, key=lambda model: model.metrics[METRIC]["value"])
    quick = by_time[0]
    at = percent(quick.metrics[METRIC]["value"])
    if len(whole) == 1:
        return f"{names[quick]}: {at} of videos right, {seconds(quick.video_s)} of inference each"
    mixed = "; they follow different protocols" if len({model.protocol for model in whole}) > 1 else ""
    text = f"Fastest: {names[quick]}, {seconds(quick.video_s)} a video at {at}. "
    if right is quick:
        return f"{text}None is right more often{mixed}"
    text += (
        f"Most often right: {names[right]}, {percent(right.metrics[METRIC]['value'])} at "
        f"{significant(right.video_s / quick.video_s, 2)} times the time"
    )
    if quick.metrics[METRIC]["interval_high"] >= right.metrics[METRIC]["interval_low"]:
        text += "; their intervals overlap"
    return text + mixed


def _chart(models: Sequence[ReportedModel], *, is_narrow: bool) -> TradeoffChart:
    plot = _plot(models, is_narrow=is_narrow)
    protocols = list(groups(models, lambda model: model.protocol))
    points = []
    for model in models:
        metric = model.metrics[METRIC]
        low, y, high = (plot.y.at(metric[key]) for key in ("interval_low", "value", "interval_high"))
        series, x = protocols.index(model.protocol), plot.x.at(model.video_s)
        points.append(Point(series, x, y, low, high, is_hollow=not model.run.is_complete))
    return TradeoffChart(plot, points, number_positions([(point.x, point.y) for point in points]))


def _plot(models: Sequence[ReportedModel], *, is_narrow: bool) -> Plot:
    width, height, num_ticks = (360, 400, 5) if is_narrow else (760, 440, 12)
    times = [model.video_s for model in models]
    low_s, high_s = min(times) / 1.6, max(times) * 2.2
    metrics = [model.metrics[METRIC] for model in models]
    ticks = linear_ticks(
        min(metric["interval_low"] for metric in metrics), max(metric["interval_high"] for metric in metrics)
    )
    margin = 0.05 * (ticks[-1] - ticks[0])  # so that a point at 100 % is not cut
    shares = {tick: f"{100 * tick:g} %" for tick in ticks if 0 <= tick <= 1}
    seconds_ = {tick: seconds(tick) for tick in log_ticks(low_s, high_s, num_ticks)}
    x = Axis(low_s, high_s, 52, width - 24, seconds_, "inference per video (logarithmic) ← faster", is_log=True)
    y = Axis(max(0.0, ticks[0]) - margin, min(1.0, ticks[-1]) + margin, height - 46, 26, shares, "top-1 per video ↑")
    return Plot(width, height, x, y)


def number_positions(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return where the numbers of points go: to their right, and below each other where they would overlap."""
    places: dict[int, tuple[float, float]] = {}
    for number in sorted(range(len(points)), key=lambda number: points[number][1]):
        x, y = points[number][0] + _NUMBER_GAP, points[number][1]
        for other_x, other_y in places.values():
            if abs(x - other_x) < _CLUSTER and abs(y - other_y) < _NUMBER_GAP:
                y = other_y + _NUMBER_GAP
        places[number] = x, y
    return [places[number] for number in range(len(points))]


def _notes(models: Sequence[ReportedModel]) -> list[str]:
    notes = [
        "Vertical lines are 95 % Wilson intervals of each model alone; pairs on the same videos are compared "
        "below. Time is what these runs spent inside the models, one request at a time, while other threads "
        "decoded; i3d bench measures speed properly."
    ]
    if len({model.protocol for model in models}) > 1:
        notes.append(
            "Shapes are protocols. Models of one shape were shown the same pixels; between shapes the protocol differs "
            "as well, so a difference is not only the model's."
        )
    if not all(model.run.is_complete for model in models):
        notes.append("Hollow points are interrupted runs, of fewer videos.")
    if len({model.machine for model in models}) > 1:
        notes.append("The runs used different machines or software: their times do not compare.")
    return notes
