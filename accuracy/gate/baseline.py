"""A baseline: what one model said of each video, small enough to commit."""

from __future__ import annotations

import json
from collections.abc import Set
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import numpy as np

from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.recorded_video import RecordedVideo
from i3d_edge.accuracy.result.schema import NOT_EMPTY, ModelInfo, Protocol, Where
from i3d_edge.accuracy.result.scoring import place_left_out
from i3d_edge.core.errors import ComparisonError, ResultError
from i3d_edge.core.files import write_text
from i3d_edge.core.labels import hash_names
from i3d_edge.core.schema import Amount, Count, Format

BASELINE_VERSION = 2

_TOP = 5
_DIGITS = 6
_HASH_PREFIX = "sha256:"
_HINT = "make it anew with `i3d accuracy baseline`"


class BaselineVideo(TypedDict):
    """One labelled video."""

    video: str  # "sha256:" and the file's hash; its path where no hash is known
    path: str  # as listed
    label: Count
    top5: Annotated[list[Count], NOT_EMPTY]  # class indices, best first; fewer where the model has fewer classes
    probs: Annotated[list[Amount], NOT_EMPTY]  # theirs


class BaselineLabels(TypedDict):
    """The classes behind the indices, by hash."""

    name: str | None  # None in baselines of runs that did not say
    num_classes: Count
    sha256: str | None  # of the names, see `hash_names`


class Baseline(TypedDict):
    """The whole of a baseline file."""

    kind: Literal["i3d-edge accuracy baseline"]
    schema_version: int
    model: str  # its name in the run
    what: ModelInfo  # `path` without its folders
    how: Protocol
    where: Where
    labels: BaselineLabels
    manifest_digest: str | None  # None: the run was not of a manifest
    num_listed: Count  # videos on the list
    left_out: list[str]  # paths of those that were not decoded, or that the protocol does not count
    videos: Annotated[list[BaselineVideo], NOT_EMPTY]  # by `video`


BASELINE = Format(
    kind=Baseline, noun="baseline", error=ResultError, version=BASELINE_VERSION, hint=_HINT, version_hint=_HINT
)


def pick_model(run: RecordedRun, name: str | None) -> str:
    """Return the model to take from a run: the one named, or the only one; raises ComparisonError if there is none."""
    models = list(run.result["what"])
    known = ", ".join(map(repr, models))
    if name is None and len(models) > 1:
        raise ComparisonError(
            f"run {str(run.folder)!r} has several models: {known}", hint=f"write {run.folder}:{models[0]}"
        )
    if name is not None and name not in models:
        raise ComparisonError(f"no model {name!r} in run {str(run.folder)!r}; available: {known}")
    return models[0] if name is None else name


def answers(run: RecordedRun, model: str) -> dict[str, RecordedVideo]:
    """Return what a model said of the labelled videos of a run, by the hash of the video, else by its path.

    The last of them is left out where the protocol does not count it.
    Raises ComparisonError if the run was interrupted, none has a label or counts, or two are the same file.
    """
    if not run.is_complete:
        counts = run.result["counts"]
        raise ComparisonError(
            f"run {str(run.folder)!r} is not complete: it was interrupted after "
            f"{counts['decoded'] + len(counts['dropped'])} of {counts['listed']} videos",
            hint="the same `i3d accuracy run` command continues it",
        )
    found: dict[str, RecordedVideo] = {}
    counted, uncounted = _labelled(run, model)
    for video in counted:
        key = video.path if video.sha256 is None else f"{_HASH_PREFIX}{video.sha256}"
        if key in found:
            raise ComparisonError(
                f"run {str(run.folder)!r} has a video twice: {found[key].path!r} and {video.path!r} are the same file",
                hint="take one of them off the list",
            )
        found[key] = video
    if not found:
        besides = " besides the last, which its protocol does not count" if uncounted else ""
        raise ComparisonError(f"run {str(run.folder)!r} has no videos with labels{besides}")
    return found


def _labelled(run: RecordedRun, model: str) -> tuple[list[RecordedVideo], list[RecordedVideo]]:
    """Return the labelled videos that the protocol counts, and those that it does not, in the run's order."""
    labelled = [video for video in run.videos[model] if video.label is not None]
    place = place_left_out([video.path for video in labelled], run.result["how"]["drops_last_video"])
    return labelled[:place] + labelled[place + 1 :], labelled[place : place + 1]


def make_baseline(run: RecordedRun, model: str) -> Baseline:
    """Return the baseline that a model's answers in a run make; raises ComparisonError as `answers`."""
    result = run.result
    uncounted = [video.path for video in _labelled(run, model)[1]]
    return Baseline(
        kind="i3d-edge accuracy baseline",
        schema_version=BASELINE_VERSION,
        model=model,
        what={**result["what"][model], "path": Path(result["what"][model]["path"]).name},
        how=result["how"],
        where=result["where"],
        labels=BaselineLabels(
            name=result["labels"]["name"], num_classes=run.num_classes, sha256=hash_names(run.class_names)
        ),
        manifest_digest=result["data"]["manifest_digest"],
        num_listed=result["counts"]["listed"],
        left_out=[*(item["path"] for item in result["counts"]["dropped"]), *uncounted],
        videos=[entry(key, answer) for key, answer in sorted(answers(run, model).items())],
    )


def entry(key: str, answer: RecordedVideo) -> BaselineVideo:
    """Return what a baseline keeps of an answer; of equal probabilities the lower index comes first."""
    assert answer.label is not None
    best = np.argsort(-answer.probabilities, kind="stable")[:_TOP]
    return BaselineVideo(
        video=key,
        path=answer.path,
        label=answer.label,
        top5=[int(index) for index in best],
        probs=[rounded(answer.probabilities[index]) for index in best],
    )


def rounded(probability: float) -> float:
    """Return a probability as a baseline keeps it: six significant digits."""
    return float(f"{probability:.{_DIGITS}g}")


def write_baseline(path: Path, baseline: Baseline, *, force: bool = False) -> None:
    """Write a baseline, a line per video; raises OutputError if the file exists (without `force`)."""
    head: dict[str, Any] = {key: value for key, value in baseline.items() if key != "videos"}
    text = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    rows = ",\n".join("    " + json.dumps(video, ensure_ascii=False) for video in baseline["videos"])
    write_text(path, f'{text},\n  "videos": [\n{rows}\n  ]\n}}\n', force=force)


def read_baseline(path: Path) -> Baseline:
    """Read a baseline; raises ResultError if it is absent, damaged, or of another schema version."""
    if path.is_dir():
        raise ResultError(
            f"baseline {str(path)!r} is a folder, not a file",
            hint=f"`i3d accuracy baseline {path} -o baseline.json` makes one, if that is a run",
        )
    baseline = BASELINE.read(path)
    seen: set[str] = set()
    for number, video in enumerate(baseline["videos"]):
        if finding := _fault(video, baseline["labels"]["num_classes"], seen):
            raise ResultError(f"baseline {str(path)!r} is damaged: videos[{number}]: {finding}", hint=_HINT)
        seen.add(video["video"])
    return baseline


def _fault(video: BaselineVideo, num_classes: int, seen: Set[str]) -> str | None:
    if video["video"] in seen:
        return f"{video['video']!r} is listed twice"
    if len(video["top5"]) != len(video["probs"]):
        return f"{len(video['top5'])} classes, but {len(video['probs'])} probabilities"
    if (largest := max(*video["top5"], video["label"])) >= num_classes:
        return f"class {largest}, but there are only {num_classes}"
    return None
