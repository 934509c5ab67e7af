"""One run in full: what, how, where, counts, time, classes, probabilities and confusions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from i3d_edge.accuracy.report.html.classes import class_bars, confusions
from i3d_edge.accuracy.report.html.markup import Html, facts, table, tag
from i3d_edge.accuracy.report.html.models import ReportedModel, list_name, progress
from i3d_edge.accuracy.report.html.numbers import count, plural, seconds, significant
from i3d_edge.accuracy.report.html.reliability import reliability
from i3d_edge.accuracy.report.text import protocol_line
from i3d_edge.accuracy.result.recorded_run import RecordedRun

_METRICS = ("video_top1", "video_top5", "clip_top1", "clip_top5")
_SHOWN_DROPPED = 20


def run_section(models: Sequence[ReportedModel]) -> Html:
    """Return the section of a run: everything that its result says of it and of these models."""
    run = models[0].run
    result = run.result
    counts, where, time = result["counts"], result["where"], result["time"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    interrupted = "" if run.is_complete else f", INTERRUPTED after {progress(run)}"
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
        ["model", "run:name", "file", "SHA-256", "weights", "stored as", "ran in", "on", *_METRICS],
        [
            [
                model.title,
                model.address,
                Path(model.info["path"]).name,
                tag("code", model.info["sha256"][:12]),
                model.info["origin"],
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
        tag("h2", f"Run {models[0].run_title}: {models[0].protocol}{interrupted}"),
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
