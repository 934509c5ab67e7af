"""`predictions.jsonl`: a row per view and model, from which every metric recomputes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accuracy.metrics import Proportion, ScoredView, topk_metrics
from accuracy.result_schema import Prediction
from runtime import Clip

PREDICTIONS_NAME = "predictions.jsonl"
_PROBABILITY_DIGITS = 6

FloatArray = npt.NDArray[np.floating[Any]]


def prediction_row(
    video: str, model: str, view: int, clip: Clip, label: int | None, probabilities: FloatArray
) -> Prediction:
    """Return a row; what is written is what is scored, so that the metrics recompute exactly."""
    return {
        "video": video,
        "model": model,
        "view": view,
        "clip": clip.clip,
        "crop": clip.crop,
        "start_s": clip.start_s,
        "end_s": clip.end_s,
        "label": label,
        "probs": [float(f"{value:.{_PROBABILITY_DIGITS}g}") for value in probabilities],
    }


def read_predictions(path: Path) -> Iterator[Prediction]:
    """Yield the rows of a file, one at a time."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            row: Prediction = json.loads(line)
            yield row


def count_correct(
    path: Path, models: Sequence[str], *, drops_last_video: bool = False
) -> Mapping[str, Mapping[str, Proportion]]:
    """Count top-1 and top-5 of each model, a video at a time, so that memory does not grow with the data set.

    Args:
        path: The rows; those of a video are neighbours.
        models: Names, in the order of the answer.
        drops_last_video: Leave the last labelled video out of the figures per video.

    Returns:
        By model: see `accuracy.metrics.topk_metrics`; empty where a model has no labelled view.
    """
    totals: dict[str, dict[str, Proportion]] = {name: {} for name in models}
    last: dict[str, Mapping[str, Proportion]] = {}
    for _, group in groupby(read_predictions(path), key=lambda row: row["video"]):
        views: dict[str, list[ScoredView]] = {}
        for row in group:
            if row["label"] is not None and row["model"] in totals:
                view = ScoredView(row["video"], row["label"], np.array(row["probs"]))
                views.setdefault(row["model"], []).append(view)
        for name, of_model in views.items():
            last[name] = topk_metrics(of_model)
            totals[name] = {metric: _sum(totals[name].get(metric), counted) for metric, counted in last[name].items()}
    if drops_last_video:
        for name, counted in last.items():
            for metric in ("video_top1", "video_top5"):
                total, own = totals[name].pop(metric), counted[metric]
                if total.num_total > own.num_total:
                    totals[name][metric] = Proportion(
                        total.num_correct - own.num_correct, total.num_total - own.num_total
                    )
    return totals


def _sum(one: Proportion | None, other: Proportion) -> Proportion:
    if one is None:
        return other
    return Proportion(one.num_correct + other.num_correct, one.num_total + other.num_total)
