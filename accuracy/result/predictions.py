"""`predictions.jsonl`: a row per view and model, from which every metric recomputes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.result.metrics import ScoredView, VideoOutcome, rank_of, video_outcome
from i3d_edge.accuracy.result.schema import Prediction
from i3d_edge.accuracy.result.scoring import Scores, make_scores
from i3d_edge.runtime import Clip

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


def score_predictions(
    path: Path, models: Sequence[str], aggregation: str, *, drops_last_video: bool = False
) -> Mapping[str, Scores]:
    """Score each model, a video at a time, so that memory hardly grows with the data set.

    Args:
        path: The rows; those of a video are neighbours.
        models: Names, in the order of the answer.
        aggregation: How views become a video's probabilities; see `accuracy.aggregation`.
        drops_last_video: Leave the last labelled video out of the figures per video.

    Returns:
        By model; a model without a labelled view is absent.
    """
    ranks: dict[str, list[int]] = {name: [] for name in models}
    outcomes: dict[str, list[VideoOutcome]] = {name: [] for name in models}
    for _, group in groupby(read_predictions(path), key=lambda row: row["video"]):
        views: dict[str, list[ScoredView]] = {}
        for row in group:
            if row["label"] is not None and row["model"] in ranks:
                view = ScoredView(row["video"], row["label"], np.array(row["probs"]))
                views.setdefault(row["model"], []).append(view)
        for name, of_model in views.items():
            ranks[name] += [rank_of(view.label, view.probabilities) for view in of_model]
            outcomes[name].append(video_outcome(of_model, aggregation))
    return {
        name: make_scores(ranks[name], outcomes[name], drops_last_video=drops_last_video)
        for name in models
        if outcomes[name]
    }
