"""What a reader must know before any number: stand-in weights, interrupted runs, and what does not compare."""

from __future__ import annotations

from collections.abc import Sequence

from accuracy.html.markup import Html, tag
from accuracy.html.models import ReportedModel, groups_by_data, list_name, runs_of


def notices(models: Sequence[ReportedModel]) -> list[Html]:
    """Return the notices that hold for these models."""
    loud = [*_stand_in(models), *_interrupted(models)]
    info = [*_other_videos(models), *_other_protocols(models), *_other_decoded(models)]
    return [tag("p", text, class_="notice loud", role="note") for text in loud] + [
        tag("p", text, class_="notice", role="note") for text in info
    ]


def _stand_in(models: Sequence[ReportedModel]) -> list[str]:
    stand_ins = [model for model in models if model.info["is_stand_in"]]
    if not stand_ins:
        return []
    who = "These weights are" if len(stand_ins) == len(models) else "Some of these weights are"
    return [
        f"STAND-IN. {who} the stand-in's, which tells generated motions apart and nothing else. "
        "Numbers made with it prove the pipeline and say nothing about I3D's accuracy."
    ]


def _interrupted(models: Sequence[ReportedModel]) -> list[str]:
    texts = []
    for run in runs_of(models):
        counts = run.result["counts"]
        if not run.is_complete:
            seen = counts["decoded"] + len(counts["dropped"])
            texts.append(f"INTERRUPTED. The run {run.folder.name} stopped after {seen} of {counts['listed']} videos.")
    return texts


def _other_videos(models: Sequence[ReportedModel]) -> list[str]:
    groups = groups_by_data(models)
    if len(groups) == 1:
        return []
    lists = "; ".join(list_name(group[0].run) for group in groups)
    return [
        f"These runs are of {len(groups)} different sets of videos or classes ({lists}). Their numbers do not compare, "
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
    return [
        f"Not all runs of {list_name(group[0].run)} could decode the same videos: see what each dropped."
        for group in groups_by_data(models)
        if len({tuple(video["path"] for video in run.result.get("videos", [])) for run in runs_of(group)}) > 1
    ]
