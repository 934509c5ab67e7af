"""The page: what was measured, how, where, what came of it, and what may be compared with what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from i3d_edge.accuracy.report.html.flips import Pair, ThumbnailOf, flips, pairs_table
from i3d_edge.accuracy.report.html.markup import Html, join, table, tag, two_lines
from i3d_edge.accuracy.report.html.models import (
    ReportedModel,
    by_run,
    groups_by_data,
    labels_of,
    letter_of,
    progress,
    titles_by_data,
)
from i3d_edge.accuracy.report.html.notices import notices
from i3d_edge.accuracy.report.html.numbers import count, interval, percent, plural, seconds, significant
from i3d_edge.accuracy.report.html.published import published
from i3d_edge.accuracy.report.html.run_section import run_section
from i3d_edge.accuracy.report.html.style import STYLE
from i3d_edge.accuracy.report.html.tradeoff import METRIC, tradeoff
from i3d_edge.accuracy.result.schema import Metric


def report_to_html(models: Sequence[ReportedModel], pairs: Sequence[Pair], thumbnail_of: ThumbnailOf) -> str:
    """Return the page.

    Args:
        models: What it is about, one at least, in the order in which they are shown.
        pairs: Those of them that were compared.
        thumbnail_of: Gives the pictures of a model's video, by its name.
    """
    names = dict(zip(models, labels_of(models, with_protocol=False), strict=True))
    name = names.__getitem__
    body = [
        _header(models, name),
        *notices(models),
        _summary(models),
        *_tradeoffs(models),
        _comparisons(pairs, name, thumbnail_of),
        published(models, name),
        *(run_section(own) for own in by_run(models)),
        _footer(models),
    ]
    head = [
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html(
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        ),
        tag("title", f"{_title(models)} · i3d-edge"),
        tag("style", Html(STYLE)),
    ]
    page = tag("html", tag("head", *head), tag("body", tag("main", *body)), lang="en")
    return f"<!doctype html>\n{page}\n"


def _title(models: Sequence[ReportedModel]) -> str:
    num_sets = len(groups_by_data(models))
    videos = plural(_num_scored(models), "video") if num_sets == 1 else f"{num_sets} sets of videos"
    return f"Accuracy of I3D on {videos}"


def _num_scored(models: Sequence[ReportedModel]) -> int:
    return max(model.run.result["counts"]["scored"] for model in models)


def _header(models: Sequence[ReportedModel], name: Callable[[ReportedModel], str]) -> Html:
    return tag("header", tag("h1", _title(models)), tag("p", _lead(models[0], name), class_="lead"))


def _lead(first: ReportedModel, name: Callable[[ReportedModel], str]) -> str:
    """Return the first model's number in a sentence, with everything that a number needs."""
    level = "video" if METRIC in first.metrics else "clip"
    metric = first.metrics[f"{level}_top1"]
    return (
        f"{name(first)} is right on {count(metric)} {level}s: top-1 {percent(metric['value'])}, "
        f"95 % interval {interval(metric)}, by the protocol {first.protocol}."
    )


def _summary(models: Sequence[ReportedModel]) -> Html:
    lists = titles_by_data(models)
    headers = ["model", "run:name", *(["list"] if len(lists) > 1 else []), "protocol"]
    headers += [
        "top-1 per video ↑",
        "top-5 per video ↑",
        "top-1 per clip ↑",
        "inference per video ↓",
        "weights",
        "ran in",
        "on",
    ]
    machines = list(dict.fromkeys(model.machine for model in models))
    rows = []
    for model in models:
        cells = [model.address, model.protocol]
        if len(lists) > 1:
            cells.insert(1, tag("span", lists[model.data], class_="wrap"))
        cells += [_metric(model.metrics.get(name)) for name in ("video_top1", "video_top5", "clip_top1")]
        device = model.info["device"]
        if len(machines) > 1:
            device += f", machine {letter_of(machines.index(model.machine))}"
        origin = model.info["origin"]
        rows.append([_title_cell(model), *cells, _speed(model), origin, model.info["executed_precision"], device])
    return tag("section", tag("h2", "All models"), table(headers, rows, class_="numbers"))


def _title_cell(model: ReportedModel) -> str:
    if model.run.is_complete:
        return model.title
    small = tag("small", "INTERRUPTED", Html("<br>"), progress(model.run), class_="loud")
    return join([model.title, Html("<br>"), small])


def _metric(metric: Metric | None) -> str:
    if metric is None:
        return "none"
    return two_lines(percent(metric["value"]), f"{count(metric)}; {interval(metric)}")


def _speed(model: ReportedModel) -> str:
    views = f"{significant(model.num_views)} views, {seconds(model.video_s / model.num_views)} each"
    return two_lines(seconds(model.video_s), "1 view" if model.num_views == 1 else views)


def _tradeoffs(models: Sequence[ReportedModel]) -> list[Html]:
    titles = titles_by_data(models)
    sections = []
    for group in groups_by_data(models):
        where = "" if len(titles) == 1 else f": {titles[group[0].data]}"
        sections.append(tag("section", tag("h2", f"Speed against accuracy{where}"), tradeoff(group)))
    return sections


def _comparisons(pairs: Sequence[Pair], name: Callable[[ReportedModel], str], thumbnail_of: ThumbnailOf) -> Html:
    if not pairs:
        text = "No two models answered the same videos by the same protocol, so there is no pair to compare."
        return tag("section", tag("h2", "In pairs"), tag("p", text))
    minded = tag(
        "p",
        "Lost: right by the first and wrong by the second; gained: the other way round. The interval is "
        "Tango's for pairs, McNemar's p is exact and two-sided. i3d accuracy compare makes a gate of this.",
        class_="note",
    )
    flipped = [pair for pair in pairs if not isinstance(pair.comparison, str) and _num_flips(pair)]
    grids = [flips(pair, name, thumbnail_of) for pair in flipped]
    if not flipped:
        is_compared = any(not isinstance(pair.comparison, str) for pair in pairs)
        grids = [tag("p", "No video flipped." if is_compared else "No pair could be compared.")]
    return tag(
        "section",
        tag("h2", "In pairs, on the same videos"),
        pairs_table(pairs, name),
        minded,
        tag("h3", "Videos that flipped"),
        *grids,
    )


def _num_flips(pair: Pair) -> int:
    found = pair.comparison
    return 0 if isinstance(found, str) else len(found["lost"]) + len(found["gained"])


def _footer(models: Sequence[ReportedModel]) -> Html:
    runs = " ".join(own[0].run_title for own in by_run(models))
    return tag(
        "footer",
        tag(
            "p",
            "Every number here stands in result.json of its run, and recomputes from predictions.jsonl by "
            "i3d accuracy score. Made by i3d accuracy report ",
            runs,
            ".",
        ),
    )
