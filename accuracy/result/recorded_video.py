"""What a model said of a video, from its views; a view is forgotten as soon as its video is whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.result.aggregation import aggregate
from i3d_edge.accuracy.result.file import CUT_OFF_HINT
from i3d_edge.accuracy.result.metrics import VideoOutcome, rank_of
from i3d_edge.accuracy.result.schema import Prediction, Result
from i3d_edge.core.errors import ResultError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RecordedVideo:
    """What one model said of one video.

    Attributes:
        path: As listed.
        sha256: Of the file, where the run recorded it.
        label: Class index, or None where the list did not say.
        num_views: How many there were.
        clip_ranks: For each of them, how many classes came before the label; empty without a label.
        probabilities: Of the video, its views combined, shape (num_classes,).
    """

    path: str
    sha256: str | None
    label: int | None
    num_views: int
    clip_ranks: tuple[int, ...]
    probabilities: FloatArray

    def outcome(self) -> VideoOutcome:
        """Return what became of it; it must have a label."""
        assert self.label is not None
        best = int(np.argmax(self.probabilities))
        return VideoOutcome(
            video=self.path,
            label=self.label,
            best=best,
            rank=rank_of(self.label, self.probabilities),
            confidence=float(self.probabilities[best]),
        )


@dataclass
class _Views:
    """The views of a video that is not whole yet, by number."""

    label: int | None
    probabilities: dict[int, FloatArray] = field(default_factory=dict)
    logits: dict[int, FloatArray] = field(default_factory=dict)


def collect(path: Path, rows: Iterable[Prediction], result: Result) -> dict[str, list[RecordedVideo]]:
    """Combine rows to videos, in whatever order they come.

    Where the result lists its videos with their numbers of views, the views of a video are combined when the last
    one of them has come; so of a run that lies as it was written, no more than one video's views are held.

    Args:
        path: Of the rows, for messages.
        rows: From `read_rows`.
        result: Whose they are.

    Returns:
        By model, in the order of the list as far as the result has one.

    Raises:
        ResultError: If a view is there twice or not at all, or a video has several labels.
    """
    listed = {video["path"]: video for video in result.get("videos", [])}
    pending: dict[tuple[str, str], _Views] = {}
    done: dict[str, dict[str, RecordedVideo]] = {model: {} for model in result["what"]}

    def finish(model: str, name: str) -> None:
        views = pending.pop((model, name))
        sha256 = listed[name]["sha256"] if name in listed else None
        done[model][name] = _combine(path, model, name, views, sha256, result["how"]["aggregation"])

    for row in rows:
        model, name, number = row["model"], row["video"], row["view"]
        views = pending.setdefault((model, name), _Views(row.get("label")))
        if number in views.probabilities or name in done[model]:
            raise ResultError(
                f"predictions {str(path)!r} must have each view once, and as many of them as result.json says; "
                f"view {number} of {name!r} by {model!r} is there twice or one too many",
                hint=CUT_OFF_HINT,
            )
        if row.get("label") != views.label:
            raise ResultError(
                f"predictions {str(path)!r} must have one label for each video; {name!r} has several",
                hint=CUT_OFF_HINT,
            )
        views.probabilities[number] = np.array(row["probs"], dtype=np.float64)
        if "logits" in row:
            views.logits[number] = np.array(row["logits"], dtype=np.float64)
        if name in listed and len(views.probabilities) == listed[name]["num_views"]:
            finish(model, name)
    for model, name in list(pending):
        finish(model, name)
    return {model: _in_order(own, listed) for model, own in done.items()}


def _in_order(videos: Mapping[str, RecordedVideo], listed: Iterable[str]) -> list[RecordedVideo]:
    remaining = dict(videos)
    return [remaining.pop(name) for name in listed if name in remaining] + list(remaining.values())


def _combine(path: Path, model: str, name: str, views: _Views, sha256: str | None, aggregation: str) -> RecordedVideo:
    numbers = range(len(views.probabilities))
    if missing := [number for number in numbers if number not in views.probabilities]:
        raise ResultError(
            f"predictions {str(path)!r} must have every view; view {missing[0]} of {name!r} by {model!r} is missing",
            hint=CUT_OFF_HINT,
        )
    probabilities = np.array([views.probabilities[number] for number in numbers])
    logits = None
    if len(views.logits) == len(numbers):
        logits = np.array([views.logits[number] for number in numbers])
    ranks = [] if views.label is None else [rank_of(views.label, own) for own in probabilities]
    return RecordedVideo(
        path=name,
        sha256=sha256,
        label=views.label,
        num_views=len(numbers),
        clip_ranks=tuple(ranks),
        probabilities=aggregate(aggregation, probabilities, logits).astype(np.float64),
    )
