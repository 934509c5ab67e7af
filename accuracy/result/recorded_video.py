"""What a model said of a video, from its views; a view is forgotten as soon as its video is whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from i3d_edge.accuracy.result.metrics import VideoOutcome, rank_of
from i3d_edge.accuracy.result.predictions import read_rows
from i3d_edge.accuracy.result.schema import CUT_OFF_HINT, ScoredVideo
from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.errors import ResultError
from i3d_edge.core.spec import Fusion
from i3d_edge.runtime.fusion import fuse

MEAN_OF_PROBABILITIES = "mean of probabilities"
MEAN_OF_LOGITS = "mean of logits"
INSIDE_THE_NETWORK = "mean of logits over time, inside the network"

_FUSIONS: Mapping[str, Fusion] = {MEAN_OF_PROBABILITIES: "probabilities", MEAN_OF_LOGITS: "logits"}


@dataclass(frozen=True, slots=True)
class RecordedVideo:
    """What one model said of one video."""

    path: str  # as listed
    sha256: str | None  # of the file, where the run recorded it
    label: int | None  # class index, or None where the list did not say
    num_views: int  # how many there were
    clip_ranks: tuple[int, ...]  # for each of them, how many classes came before the label; empty without a label
    probabilities: FloatArray  # of the video, its views combined, shape (num_classes,)

    def outcome(self) -> VideoOutcome:
        """Return what became of it; it must have a label."""
        assert self.label is not None
        return VideoOutcome.of(self.path, self.label, self.probabilities)


@dataclass
class _Views:
    """The views of a video that is not whole yet, by number."""

    label: int | None
    probabilities: dict[int, FloatArray] = field(default_factory=dict)


def read_videos(
    path: Path, models: Sequence[str], aggregation: str, listed: Sequence[ScoredVideo] = ()
) -> Iterator[tuple[str, RecordedVideo]]:
    """Yield the name of a model and a video as soon as all of its views are read, in whatever order they come.

    The views of a listed video are combined when the last one of them has come; so of a run that lies as it was
    written, no more than one video's views are held. The other videos come at the end.
    Raises ResultError as `read_rows` says; if a view is there twice or not at all, or a video has several labels.
    """
    known = {video["path"]: video for video in listed}
    pending: dict[tuple[str, str], _Views] = {}
    done: set[tuple[str, str]] = set()

    def finished(model: str, name: str) -> tuple[str, RecordedVideo]:
        done.add((model, name))
        sha256 = known[name]["sha256"] if name in known else None
        return model, _combine(path, model, name, pending.pop((model, name)), sha256, aggregation)

    for row in read_rows(path, models):
        model, name, number = row["model"], row["video"], row["view"]
        views = pending.setdefault((model, name), _Views(row["label"]))
        if number in views.probabilities or (model, name) in done:
            raise _damaged(path, f"view {number} of {name!r} by {model!r} is there twice or one too many")
        if row["label"] != views.label:
            raise _damaged(path, f"video {name!r} has several labels")
        views.probabilities[number] = np.array(row["probs"], dtype=np.float64)
        if name in known and len(views.probabilities) == known[name]["num_views"]:
            yield finished(model, name)
    for model, name in list(pending):
        yield finished(model, name)


def _combine(path: Path, model: str, name: str, views: _Views, sha256: str | None, aggregation: str) -> RecordedVideo:
    numbers = range(len(views.probabilities))
    if missing := [number for number in numbers if number not in views.probabilities]:
        raise _damaged(path, f"view {missing[0]} of {name!r} by {model!r} is missing")
    probabilities = np.array([views.probabilities[number] for number in numbers])
    ranks = [] if views.label is None else [rank_of(views.label, own) for own in probabilities]
    return RecordedVideo(
        path=name,
        sha256=sha256,
        label=views.label,
        num_views=len(numbers),
        clip_ranks=tuple(ranks),
        probabilities=aggregate(aggregation, probabilities).astype(np.float64),
    )


def _damaged(path: Path, finding: str) -> ResultError:
    return ResultError(f"predictions {str(path)!r} are damaged: {finding}", hint=CUT_OFF_HINT)


def aggregate(name: str, probabilities: FloatArray) -> FloatArray:
    """Combine the views of one video, shape (num_views, num_classes), into (num_classes,); see `runtime.fusion.fuse`.

    Raises ResultError if no aggregation has that name, or there are several views where the network combines them.
    """
    if name == INSIDE_THE_NETWORK:
        if len(probabilities) != 1:
            raise ResultError(f"a video has {len(probabilities)} views, but the network combines them into one")
        return np.asarray(probabilities[0])
    if name not in _FUSIONS:
        known = ", ".join(map(repr, (*_FUSIONS, INSIDE_THE_NETWORK)))
        raise ResultError(f"unknown aggregation {name!r}; available: {known}")
    return fuse(_FUSIONS[name], probabilities)
