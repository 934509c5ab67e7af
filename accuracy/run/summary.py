"""`result.json`, put together from what a run is about and what it has done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.result.journal import DoneVideo
from i3d_edge.accuracy.result.schema import (
    PREDICTIONS_NAME,
    RESULT_NAME,
    SCHEMA_VERSION,
    Counts,
    Data,
    Labels,
    MachineShare,
    ModelInfo,
    Protocol,
    Result,
    ScoredVideo,
    Time,
    Where,
)
from i3d_edge.accuracy.result.scoring import score_predictions
from i3d_edge.core.files import sha256_file, write_text
from i3d_edge.core.labels import LabelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run is about, known before it begins; attributes as in `result.json`."""

    what: dict[str, ModelInfo]
    how: Protocol
    where: Where
    data: Data
    num_listed: int
    labels: LabelSet


def is_scored(video: DoneVideo) -> bool:
    """Whether a video was decoded and has a label."""
    return video["reason"] is None and video["label"] is not None


def write_result(folder: Path, facts: RunFacts, done: Sequence[DoneVideo], num_new: int) -> Result:
    """Score the predictions in a folder, and write and return the result; one video at least must be scored.

    Raises:
        OutputError: If it cannot be written.
    """
    decoded = [video for video in done if video["reason"] is None]
    listed = [
        ScoredVideo(
            path=video["video"], label=video["label"], sha256=str(video["sha256"]), num_views=video["num_views"]
        )
        for video in decoded
    ]
    how, predictions = facts.how, folder / PREDICTIONS_NAME
    what, where = _ran_on(facts, decoded)
    scores = score_predictions(
        predictions, list(facts.what), how["aggregation"], listed, drops_last_video=how["drops_last_video"]
    )
    result = Result(
        schema_version=SCHEMA_VERSION,
        is_complete=len(done) == facts.num_listed,
        what=what,
        how=how,
        where=where,
        data=facts.data,
        counts=_counts(facts.num_listed, done),
        videos=listed,
        metrics={name: score.metrics for name, score in scores.items()},
        details={name: score.details for name, score in scores.items()},
        labels=Labels(name=facts.labels.name, names=list(facts.labels.names)),
        predictions_sha256=sha256_file(predictions),
        warnings=_warnings(decoded),
        time={**_time(done, list(facts.what)), "num_new": num_new},
    )
    write_text(folder / RESULT_NAME, json.dumps(result, indent=2, ensure_ascii=False) + "\n", force=True)
    return result


def _ran_on(facts: RunFacts, decoded: Sequence[DoneVideo]) -> tuple[dict[str, ModelInfo], Where]:
    """Return what was run and where, as it was for most videos, with the kinds of machines if there were several."""
    kinds: dict[str, MachineShare] = {}
    for video in decoded:
        if "ran_on" in video:
            kinds.setdefault(json.dumps(video["ran_on"]), {**video["ran_on"], "num_videos": 0})["num_videos"] += 1
    if not kinds:
        return facts.what, facts.where
    most = max(kinds.values(), key=lambda kind: kind["num_videos"])
    where: Where = {**facts.where, "cpu": most["cpu"], "versions": most["versions"]}
    if len(kinds) > 1:
        where["machines"] = list(kinds.values())
    precisions = most["executed_precision"]
    return {name: {**info, "executed_precision": precisions[name]} for name, info in facts.what.items()}, where


def _counts(num_listed: int, done: Sequence[DoneVideo]) -> Counts:
    num_decoded = sum(video["reason"] is None for video in done)
    num_scored = sum(is_scored(video) for video in done)
    return Counts(
        listed=num_listed,
        decoded=num_decoded,
        unlabelled=num_decoded - num_scored,
        scored=num_scored,
        dropped=[{"path": video["video"], "reason": video["reason"]} for video in done if video["reason"] is not None],
    )


def _warnings(decoded: Sequence[DoneVideo]) -> dict[str, list[str]]:
    """Return what to know of videos, by path; one that is listed under two names counts twice."""
    first: dict[str | None, str] = {}
    warnings = {}
    for video in decoded:
        same = first.setdefault(video["sha256"], video["video"])
        doubled = [] if same == video["video"] else [f"the same file as {same!r}, so it counts twice"]
        if own := [*video["warnings"], *doubled]:
            warnings[video["video"]] = own
    return warnings


def _time(done: Sequence[DoneVideo], models: Sequence[str]) -> Time:
    total_s = done[-1]["elapsed_s"] if done else 0.0
    num_views = sum(video["num_views"] for video in done)
    return {
        "total_s": total_s,
        "decode_s": round(sum(video["decode_s"] for video in done), 3),
        "wait_s": round(sum(video["wait_s"] for video in done), 3),
        "prepare_s": round(sum(video["prepare_s"] for video in done), 3),
        "infer_s": {name: round(sum(video["infer_s"].get(name, 0.0) for video in done), 3) for name in models},
        "num_views": num_views,
        "views_per_s": round(num_views * len(models) / total_s, 3) if total_s else 0.0,
    }
