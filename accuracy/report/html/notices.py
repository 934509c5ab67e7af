"""What a reader must know before any number: interrupted runs, and what does not compare."""

from __future__ import annotations

from collections.abc import Sequence

from i3d_edge.accuracy.report.html.markup import Html, tag
from i3d_edge.accuracy.report.html.models import (
    ReportedModel,
    by_run,
    groups_by_data,
    progress,
    runs_of,
    titles_by_data,
)


def notices(models: Sequence[ReportedModel]) -> list[Html]:
    """Return the notices that hold for these models."""
    loud = _interrupted(models)
    info = [*_other_videos(models), *_other_protocols(models), *_other_decoded(models)]
    return [tag("p", text, class_="notice loud", role="note") for text in loud] + [
        tag("p", text, class_="notice", role="note") for text in info
    ]


def _interrupted(models: Sequence[ReportedModel]) -> list[str]:
    return [
        f"INTERRUPTED. The run {own[0].run_title} stopped after {progress(own[0].run)}."
        for own in by_run(models)
        if not own[0].run.is_complete
    ]


def _other_videos(models: Sequence[ReportedModel]) -> list[str]:
    titles = titles_by_data(models)
    if len(titles) == 1:
        return []
    lists = "; ".join(titles.values())
    return [
        f"These runs are of {len(titles)} different sets of videos or classes ({lists}). Their numbers do not compare, "
        "so each set has a chart of its own."
    ]


def _other_protocols(models: Sequence[ReportedModel]) -> list[str]:
    protocols = list(dict.fromkeys(model.protocol for model in models))
    if len(protocols) == 1:
        return []
    return [
        f"These runs follow {len(protocols)} protocols: {'; '.join(protocols)}. A number compares with numbers of the "
        "same protocol only; pairs are made within each."
    ]


def _other_decoded(models: Sequence[ReportedModel]) -> list[str]:
    titles = titles_by_data(models)
    return [
        f"Not all runs of {titles[group[0].data]} could decode the same videos: see what each dropped."
        for group in groups_by_data([model for model in models if model.run.is_complete])
        if len({tuple(video["path"] for video in run.result.get("videos", [])) for run in runs_of(group)}) > 1
    ]
