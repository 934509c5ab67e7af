"""The page: what was measured, how, where, what came of it, and what may be compared with what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from accuracy.html.classes import class_bars, confusions
from accuracy.html.flips import Pair, ThumbnailOf, flips, pairs_table
from accuracy.html.markup import Html, facts, table, tag, two_lines
from accuracy.html.models import (
    ReportedModel,
    groups_by_data,
    labels_of,
    letter_of,
    list_name,
)
from accuracy.html.numbers import count, interval, percent, plural, seconds, significant
from accuracy.html.published import published
from accuracy.html.reliability import reliability
from accuracy.html.style import STYLE
from accuracy.html.tradeoff import METRIC, tradeoff
from accuracy.recorded_run import RecordedRun
from accuracy.report import protocol_line
from accuracy.result_schema import Metric

_METRICS = ("video_top1", "video_top5", "clip_top1", "clip_top5")
_SHOWN_DROPPED = 20


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
        _header(models),
        *_notices(models),
        _summary(models),
        *(_tradeoffs(models)),
        _comparisons(pairs, name, thumbnail_of),
        published(models, name),
        *(_run(own) for own in _by_run(models)),
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
    is_stand_in = all(model.info["is_stand_in"] for model in models)
    groups = groups_by_data(models)
    videos = " and ".join(dict.fromkeys(plural(_num_scored(group), "video") for group in groups))
    of = "the stand-in" if is_stand_in else "I3D"
    return f"Accuracy of {of} on {videos}"


def _num_scored(models: Sequence[ReportedModel]) -> int:
    return max(model.run.result["counts"]["scored"] for model in models)


def _header(models: Sequence[ReportedModel]) -> Html:
    return tag("header", tag("h1", _title(models)), tag("p", _lead(models), class_="lead"))


def _lead(models: Sequence[ReportedModel]) -> str:
    """Return the first model's number in a sentence, with everything that a number needs."""
    first = models[0]
    level = "video" if METRIC in first.metrics else "clip"
    metric = first.metrics[f"{level}_top1"]
    return (
        f"{first.title} is right on {count(metric)} {level}s: top-1 {percent(metric['value'])}, "
        f"95 % interval {interval(metric)}, by the protocol {first.protocol}."
    )


def _notices(models: Sequence[ReportedModel]) -> list[Html]:
    notices = []
    if any(model.info["is_stand_in"] for model in models):
        who = "These weights are" if all(model.info["is_stand_in"] for model in models) else "Some of these weights are"
        notices.append(
            (
                "loud",
                f"STAND-IN. {who} the stand-in's, which tells generated motions apart and nothing else. "
                "Numbers made with it prove the pipeline and say nothing about I3D's accuracy.",
            )
        )
    for run in _runs(models):
        counts = run.result["counts"]
        if not run.is_complete:
            seen = counts["decoded"] + len(counts["dropped"])
            notices.append(
                ("loud", f"INTERRUPTED. The run {run.folder.name} stopped after {seen} of {counts['listed']} videos.")
            )
    groups = groups_by_data(models)
    if len(groups) > 1:
        lists = "; ".join(list_name(group[0].run) for group in groups)
        notices.append(
            (
                "info",
                f"These runs are of {len(groups)} different sets of videos or classes ({lists}). Their numbers do "
                "not compare, so each set has a chart of its own.",
            )
        )
    protocols = list(dict.fromkeys(model.protocol for model in models))
    if len(protocols) > 1:
        notices.append(
            (
                "info",
                f"These runs follow {len(protocols)} protocols: {', '.join(protocols)}. A number compares with "
                "numbers of the same protocol only; pairs are made within each.",
            )
        )
    for group in groups:
        scored = {tuple(video["path"] for video in run.result.get("videos", [])) for run in _runs(group)}
        if len(scored) > 1:
            notices.append(
                (
                    "info",
                    f"Not all runs of {list_name(group[0].run)} could decode the same videos: see what each dropped.",
                )
            )
    return [tag("p", text, class_=f"notice {kind}", role="note") for kind, text in notices]


def _summary(models: Sequence[ReportedModel]) -> Html:
    headers = ["model", "protocol", "top-1 per video ↑", "top-5 per video ↑", "top-1 per clip ↑"]
    headers += ["inference per video ↓", "weights", "ran in", "on"]
    machines = list(dict.fromkeys(model.machine for model in models))
    rows = []
    for model in models:
        cells: list[str] = [model.protocol]
        cells += [_metric(model.metrics.get(name)) for name in ("video_top1", "video_top5", "clip_top1")]
        device = model.info["device"]
        if len(machines) > 1:
            device += f", machine {letter_of(machines.index(model.machine))}"
        origin = "STAND-IN" if model.info["is_stand_in"] else model.info["origin"]
        rows.append([model.title, *cells, _speed(model), origin, model.info["executed_precision"], device])
    return tag("section", tag("h2", "All models"), table(headers, rows, class_="numbers"))


def _metric(metric: Metric | None) -> str:
    if metric is None:
        return "none"
    return two_lines(percent(metric["value"]), f"{count(metric)}; {interval(metric)}")


def _speed(model: ReportedModel) -> str:
    views = f"{significant(model.num_views)} views, {seconds(model.video_s / model.num_views)} each"
    return two_lines(seconds(model.video_s), "1 view" if model.num_views == 1 else views)


def _tradeoffs(models: Sequence[ReportedModel]) -> list[Html]:
    groups = groups_by_data(models)
    sections = []
    for group in groups:
        where = "" if len(groups) == 1 else f": {list_name(group[0].run)}"
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
        grids = [tag("p", "No video flipped.")]
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


def _runs(models: Sequence[ReportedModel]) -> list[RecordedRun]:
    return list({id(model.run): model.run for model in models}.values())


def _by_run(models: Sequence[ReportedModel]) -> list[list[ReportedModel]]:
    return [[model for model in models if model.run is run] for run in _runs(models)]


def _run(models: Sequence[ReportedModel]) -> Html:
    run = models[0].run
    result = run.result
    counts, where, time = result["counts"], result["where"], result["time"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    busy = time["decode_s"] + sum(time["infer_s"].values())
    share = f"{100 * time['decode_s'] / busy:.0f} %" if busy else "none"
    how_it_went = facts(
        [
            ("how", protocol_line(result["how"])),
            ("on what", list_name(run)),
            ("where", f"{where['cpu']}, {plural(where['num_cpus'], 'CPU')}, {where['os']}; {versions}"),
            (
                "videos",
                f"{counts['listed']} listed, {counts['decoded']} decoded, {counts['scored']} scored, "
                f"{counts['unlabelled']} without a label, {len(counts['dropped'])} dropped",
            ),
            (
                "time",
                f"{seconds(time['total_s'])} in all, {significant(time['views_per_s'])} views a second; decoding is "
                f"{share} of the work, and inference waited {seconds(time['wait_s'])} for it",
            ),
        ]
    )
    what = table(
        ["model", "file", "SHA-256", "weights", "stored as", "ran in", "on", *_METRICS],
        [
            [
                model.title,
                Path(model.info["path"]).name,
                tag("code", model.info["sha256"][:12]),
                "STAND-IN" if model.info["is_stand_in"] else model.info["origin"],
                str(model.info["weights_precision"] or "not stated"),
                model.info["executed_precision"],
                model.info["device"],
                *(count(model.metrics[name]) if name in model.metrics else "none" for name in _METRICS),
            ]
            for model in models
        ],
    )
    cards = [tag("div", reliability(model), class_="card") for model in models]
    cards += [tag("div", confusions(model), class_="card") for model in models]
    return tag(
        "section",
        tag("h2", f"Run {run.folder.name}: {models[0].protocol}"),
        how_it_went,
        what,
        *_dropped(run),
        *_warnings(run),
        tag("h3", "Classes"),
        class_bars(models),
        tag("h3", "Probabilities and confusions"),
        tag("div", *cards, class_="cards"),
    )


def _dropped(run: RecordedRun) -> list[Html]:
    dropped = run.result["counts"]["dropped"]
    if not dropped:
        return []
    rows = [[item["path"], item["reason"]] for item in dropped[:_SHOWN_DROPPED]]
    hidden = len(dropped) - _SHOWN_DROPPED
    more = [tag("p", f"and {hidden} more: see result.json", class_="note")] if hidden > 0 else []
    return [tag("h3", f"Dropped: {plural(len(dropped), 'video')}"), table(["video", "why"], rows), *more]


def _warnings(run: RecordedRun) -> list[Html]:
    warnings = run.result["warnings"]
    if not warnings:
        return []
    rows = [[path, "; ".join(texts)] for path, texts in list(warnings.items())[:_SHOWN_DROPPED]]
    summary = tag("summary", f"{plural(len(warnings), 'video')} decoded with a warning")
    return [tag("details", summary, table(["video", "warning"], rows))]


def _footer(models: Sequence[ReportedModel]) -> Html:
    folders = " ".join(run.folder.name for run in _runs(models))
    return tag(
        "footer",
        tag(
            "p",
            "Every number here stands in result.json of its run, and recomputes from predictions.jsonl by "
            "i3d accuracy score. Made by i3d accuracy report ",
            folders,
            ".",
        ),
    )
