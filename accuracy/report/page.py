"""Runs as one HTML page: models, charts, comparisons in pairs, and each run in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.gate.baseline import pick_model
from i3d_edge.accuracy.gate.comparison import Flip
from i3d_edge.accuracy.report import classes, models
from i3d_edge.accuracy.report.looks import Looks
from i3d_edge.accuracy.report.models import ReportedModel, labels_of
from i3d_edge.accuracy.report.numbers import count, interval, metric_lines, seconds, significant
from i3d_edge.accuracy.report.pairs import Pair, make_pairs, pairs_table
from i3d_edge.accuracy.report.pictures import Found, RunPictures
from i3d_edge.accuracy.report.table import Cell, Table
from i3d_edge.accuracy.report.text import counts_line, protocol_line
from i3d_edge.accuracy.report.tradeoff import METRIC, tradeoff
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.text import plural
from i3d_edge.runtime.show.gallery import Placed
from i3d_edge.runtime.show.templates import environment, percent

_SUMMARY_METRICS = {
    "top-1 per video ↑": "video_top1",
    "top-5 per video ↑": "video_top5",
    "top-1 per clip ↑": "clip_top1",
}
_SHOWN_DROPPED = 20
_FEW_VIDEOS = 100
_METRICS = ("video_top1", "video_top5", "clip_top1", "clip_top5")


def make_report(
    named: Sequence[tuple[RecordedRun, str | None]],
    *,
    root: Path | None = None,
    with_thumbnails: bool = True,
    explains: bool = False,
    by_likeness: bool = False,
) -> str:
    """Return a page about models, see `write_report`, as one HTML document; of repetitions the first counts."""
    shown = _reported(named)
    pictures = RunPictures(root)
    looks = Looks(pictures)

    def pictures_of(pair: Pair, flip: Flip) -> list[Found]:
        if not with_thumbnails:
            return ["pictures are off"]
        if not explains:
            return [pictures.of(pair.second.run, flip["video"])]
        return [
            looks.explained(model, flip["video"], answer)
            for model, answer in ((pair.first, flip["before"]), (pair.second, flip["after"]))
        ]

    return _render(shown, pictures_of, looks.placed(shown[0]) if by_likeness else [])


def _reported(named: Sequence[tuple[RecordedRun, str | None]]) -> list[ReportedModel]:
    runs = {run.folder.resolve(): run for run, _ in named}
    protocols = dict(zip(runs, models.protocol_titles([run.result["how"] for run in runs.values()]), strict=True))
    titles = dict(zip(runs, models.run_titles([run.folder for run in runs.values()]), strict=True))
    wanted: dict[tuple[Path, str], ReportedModel] = {}
    for run, name in named:
        folder = run.folder.resolve()
        for model in list(run.result["what"]) if name is None else [pick_model(run, name)]:
            wanted.setdefault((folder, model), ReportedModel(runs[folder], model, protocols[folder], titles[folder]))
    return list(wanted.values())


def _render(
    shown: Sequence[ReportedModel], pictures_of: Callable[[Pair, Flip], list[Found]], placed: Sequence[Placed]
) -> str:
    names = dict(zip(shown, labels_of(shown), strict=True))
    pairs = make_pairs(shown)
    made = environment("i3d_edge.accuracy.report")
    made.filters |= {"plural": plural}
    return made.get_template("report.html.j2").render(
        title=_title(shown),
        lead=_lead(shown[0], names[shown[0]]),
        warnings=_warnings(shown),
        notices=_notices(shown),
        summary=_summary(shown),
        tradeoffs=_tradeoffs(shown),
        names=names,
        pairs=pairs,
        pairs_table=pairs_table(pairs, names),
        pictures_of=pictures_of,
        placed=placed,
        runs=list(models.groups(shown, lambda model: id(model.run)).values()),
        run_facts=_run_facts,
        models_table=_models_table,
        dropped_table=_dropped_table,
        warnings_table=_warnings_table,
        shown_dropped=_SHOWN_DROPPED,
        progress=models.progress,
        classes=classes,
    )


def _title(shown: Sequence[ReportedModel]) -> str:
    num_sets = len(models.titles_by_data(shown))
    num_scored = max(model.run.result["counts"]["scored"] for model in shown)
    first, *others = {model.info["origin"] for model in shown}
    name = plural(len(shown), "model") if others or first == UNKNOWN else first
    return f"Accuracy of {name} on {plural(num_scored, 'video') if num_sets == 1 else f'{num_sets} sets of videos'}"


def _lead(first: ReportedModel, name: str) -> str:
    """Return the first model's top-1 in a sentence, with count, interval and protocol."""
    level = "video" if METRIC in first.metrics else "clip"
    metric = first.metrics[f"{level}_top1"]
    return (
        f"{name} is right on {count(metric)} {level}s: top-1 {percent(metric['value'])}, "
        f"95 % interval {interval(metric)}, by the protocol {first.protocol}."
    )


def _warnings(shown: Sequence[ReportedModel]) -> list[str]:
    """Return a warning per interrupted run, and one if the videos are too few to say much."""
    fewest = min(model.run.result["counts"]["scored"] for model in shown)
    few = f"Only {plural(fewest, 'video')}: too few to tell models apart; 400 give about 4.6 points each way."
    return [few] * (fewest < _FEW_VIDEOS) + [
        f"INTERRUPTED. The run {title} stopped after {models.progress(own[0].run)}."
        for title, own in models.groups(shown, lambda model: model.run_title).items()
        if not own[0].run.is_complete
    ]


def _notices(shown: Sequence[ReportedModel]) -> list[str]:
    """Return which of the models do not compare, and why."""
    texts = []
    titles = models.titles_by_data(shown)
    protocols = list(dict.fromkeys(model.protocol for model in shown))
    if len(titles) > 1:
        texts.append(
            f"These runs are of {len(titles)} different sets of videos or classes ({'; '.join(titles.values())}). "
            "Their numbers do not compare, so each set has its own chart."
        )
    if len(protocols) > 1:
        texts.append(
            f"These runs follow {len(protocols)} protocols: {'; '.join(protocols)}. Numbers compare only within a "
            "protocol, so pairs are made within each."
        )
    complete = [model for model in shown if model.run.is_complete]
    return texts + [
        f"Not all runs of {titles[data]} could decode the same videos: see what each dropped."
        for data, group in models.groups(complete, lambda model: model.data).items()
        if len({tuple(video["path"] for video in model.run.result.get("videos", [])) for model in group}) > 1
    ]


def _summary(shown: Sequence[ReportedModel]) -> Table:
    lists = models.titles_by_data(shown)
    machines = list(dict.fromkeys(model.machine for model in shown))
    headers = ["model", *(["list"] if len(lists) > 1 else []), "protocol"]
    headers += [*_SUMMARY_METRICS, "inference per video ↓", "ran in"]
    rows: list[list[Cell]] = []
    for model in shown:
        device = model.info["device"]
        if len(machines) > 1:
            device += f", machine {machines.index(model.machine) + 1}"
        stopped = () if model.run.is_complete else (f"INTERRUPTED {models.progress(model.run)}",)
        cells: list[Cell] = [(model.title, model.address, *stopped)]
        cells += [*([lists[model.data]] if len(lists) > 1 else []), model.protocol]
        cells += [metric_lines(model.metrics.get(name)) for name in _SUMMARY_METRICS.values()]
        ran = (model.info["executed_precision"], f"on {device}", model.info["origin"])
        rows.append([*cells, _speed(model), ran])
    return Table(headers, rows)


def _speed(model: ReportedModel) -> tuple[str, str]:
    views = "1 view"
    if model.num_views != 1:
        views = f"{significant(model.num_views)} views, {seconds(model.video_s / model.num_views)} each"
    return seconds(model.video_s), views


def _tradeoffs(shown: Sequence[ReportedModel]) -> list[tuple[str, Any]]:
    titles = models.titles_by_data(shown)
    figures = [
        ("" if len(titles) == 1 else f": {titles[data]}", tradeoff(group))
        for data, group in models.groups(shown, lambda model: model.data).items()
        if len(group) > 1  # one point is no comparison
    ]
    return [(where, figure) for where, figure in figures if figure]


def _run_facts(run: RecordedRun) -> Mapping[str, str]:
    where, time = run.result["where"], run.result["time"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    busy = time["decode_s"] + sum(time["infer_s"].values())
    share = f"{100 * time['decode_s'] / busy:.0f} %" if busy else "none"
    return {
        "how": protocol_line(run.result["how"]),
        "on what": models.list_name(run),
        "where": f"{where['cpu']}, {plural(where['num_cpus'], 'CPU')}, {where['os']}; {versions}",
        "videos": counts_line(run.result["counts"]),
        "time": f"{seconds(time['total_s'])} in all, {significant(time['views_per_s'])} views a second; decoding is "
        f"{share} of the work, and inference waited {seconds(time['wait_s'])} for it",
    }


def _models_table(shown: Sequence[ReportedModel]) -> Table:
    headers = ["model", "file", "SHA-256", "stored as", *_METRICS, "calibration error"]
    rows: list[list[Cell]] = []
    for model in shown:
        info, metrics = model.info, model.metrics
        cells = [model.title, Path(info["path"]).name, info["sha256"][:12], info["weights_precision"] or "not stated"]
        cells += [count(metrics[name]) if name in metrics else "none" for name in _METRICS]
        rows.append([*cells, f"{100 * model.details['calibration_error']:.1f} points"])
    return Table(headers, rows)


def _dropped_table(run: RecordedRun) -> Table:
    dropped = run.result["counts"]["dropped"]
    return Table(["video", "why"], [[item["path"], item["reason"]] for item in dropped[:_SHOWN_DROPPED]], "texts")


def _warnings_table(run: RecordedRun) -> Table:
    warnings = list(run.result["warnings"].items())
    return Table(["video", "warning"], [[path, "; ".join(own)] for path, own in warnings[:_SHOWN_DROPPED]], "texts")
