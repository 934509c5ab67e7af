"""Bars per class, and what classes are taken for."""

from __future__ import annotations

from collections.abc import Sequence

from i3d_edge.accuracy.report.html.markup import Html, join, table, tag
from i3d_edge.accuracy.report.html.models import ReportedModel
from i3d_edge.accuracy.report.html.numbers import percent
from i3d_edge.accuracy.result.metrics import Proportion
from i3d_edge.accuracy.result.schema import ClassCount, Details

_SHOWN_CLASSES = 30
_SHOWN_CONFUSIONS = 10


def class_bars(models: Sequence[ReportedModel]) -> Html:
    """Return a table of the classes, a bar for each model; the classes that the first model knows worst come first."""
    names = models[0].run.class_names
    by_label = [{count["label"]: count for count in model.details["classes"]} for model in models]
    labelled = [count for count in models[0].details["classes"] if count["num_videos"]]
    order = sorted(labelled, key=lambda count: (_share(count), -count["num_videos"], count["label"]))
    headers = ["class", "videos", *(model.title for model in models)]
    rows = [
        [
            names[count["label"]],
            str(count["num_videos"]),
            *(_bar(counts[count["label"]]["num_top1"], count["num_videos"]) for counts in by_label),
        ]
        for count in order
    ]
    shown = table(headers, rows[:_SHOWN_CLASSES], class_="bars")
    parts = [tag("h4", _classes_title(models[0], order)), shown]
    if rest := rows[_SHOWN_CLASSES:]:
        parts.append(tag("details", tag("summary", f"the other {len(rest)}"), table(headers, rest, class_="bars")))
    return join(parts)


def confusions(model: ReportedModel) -> Html:
    """Return a model's most frequent wrong answers."""
    names, pairs = model.run.class_names, model.details["confusions"]
    if not pairs:
        return join([tag("h4", f"{model.title}: no video is taken for another class")])
    first = pairs[0]
    most = first["num_videos"]
    title = (
        f"{model.title}: {names[first['label']]} is taken for {names[first['predicted']]} most often, {most} times"
        if most > 1
        else f"{model.title}: no wrong answer comes twice"
    )
    rows = [
        [
            f"{names[pair['label']]} → {names[pair['predicted']]}",
            _bar(pair["num_videos"], _num_videos(model.details, pair["label"])),
        ]
        for pair in pairs[:_SHOWN_CONFUSIONS]
    ]
    return join([tag("h4", title), table(["label → answer", "videos"], rows, class_="bars")])


def _num_videos(details: Details, label: int) -> int:
    return next(count["num_videos"] for count in details["classes"] if count["label"] == label)


def _classes_title(model: ReportedModel, order: Sequence[ClassCount]) -> str:
    names = model.run.class_names
    whole = sum(count["num_top1"] == count["num_videos"] for count in order)
    none = sum(count["num_top1"] == 0 for count in order)
    if whole == len(order):
        return f"{model.title}: all {len(order)} classes are always right"
    text = f"{model.title}: mean class top-1 {percent(model.details['mean_class_top1'])}; "
    if none > 1:
        return text + f"{none} of {len(order)} classes are never right"
    worst = order[0]
    return text + f"worst is {names[worst['label']]}, {worst['num_top1']} of {worst['num_videos']}"


def _share(count: ClassCount) -> float:
    return count["num_top1"] / count["num_videos"]


def _bar(part: int, whole: int) -> Html:
    """Return a bar of a share, with its 95 % interval as a line and its count beside it."""
    share = Proportion(part, whole)
    low, high = share.interval
    drawing = tag(
        "svg",
        tag("rect", width="100", height="10", class_="track"),
        tag("rect", width=100 * share.value, height="10", class_="fill"),
        tag("rect", x=100 * low, y="4.4", width=100 * (high - low), height="1.2", class_="spread"),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{part} of {whole}",
        class_="bar",
    )
    return tag("span", drawing, tag("span", f"{part}/{whole}", class_="count"), class_="barcell")
