"""What a reader must know before any number: interrupted runs, and numbers that do not compare."""

from __future__ import annotations

from collections.abc import Sequence

from i3d_edge.accuracy.report.models import ReportedModel, groups, progress, titles_by_data


def interruptions(models: Sequence[ReportedModel]) -> list[str]:
    """Return a warning per interrupted run."""
    return [
        f"INTERRUPTED. The run {title} stopped after {progress(own[0].run)}."
        for title, own in groups(models, lambda model: model.run_title).items()
        if not own[0].run.is_complete
    ]


def notices(models: Sequence[ReportedModel]) -> list[str]:
    """Return which of the models do not compare, and why."""
    texts = []
    titles = titles_by_data(models)
    protocols = list(dict.fromkeys(model.protocol for model in models))
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
    complete = [model for model in models if model.run.is_complete]
    return texts + [
        f"Not all runs of {titles[data]} could decode the same videos: see what each dropped."
        for data, group in groups(complete, lambda model: model.data).items()
        if len({tuple(video["path"] for video in model.run.result.get("videos", [])) for model in group}) > 1
    ]
