"""A baseline: what one model said of each video, small enough to commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.result.fields import (
    Kind,
    is_count,
    is_full,
    is_list,
    is_number,
    is_object,
    is_text,
    or_none,
    unusable_fields,
)
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.recorded_video import RecordedVideo
from i3d_edge.accuracy.result.schema import ModelInfo, Protocol, Where
from i3d_edge.core.errors import ComparisonError, ResultError
from i3d_edge.core.files import write_text

BASELINE_VERSION = 2
KIND = "i3d-edge accuracy baseline"

_TOP = 5
_DIGITS = 6
_HASH_PREFIX = "sha256:"
_HINT = "make it anew with `i3d accuracy baseline`"
_FIELDS: Mapping[str, Kind] = {
    "model": is_text,
    "what": is_full,
    "how": is_full,
    "where": is_full,
    "where.versions": is_object,
    "labels.name": or_none(is_text),
    "labels.num_classes": is_count,
    "labels.sha256": or_none(is_text),
    "manifest_digest": or_none(is_text),
    "num_listed": is_count,
    "left_out": is_list,
    "left_out.*": is_text,
    "videos": is_list,
}
_VIDEO_FIELDS: Mapping[str, Kind] = {
    "video": is_text,
    "path": is_text,
    "label": is_count,
    "top5": is_list,
    "top5.*": is_count,
    "probs": is_list,
    "probs.*": is_number,
}


class BaselineVideo(TypedDict):
    """One labelled video."""

    video: str  # "sha256:" and the file's hash; its path where no hash is known
    path: str  # as listed
    label: int
    top5: list[int]  # class indices, best first; fewer where the model has fewer classes
    probs: list[float]  # theirs


class BaselineLabels(TypedDict):
    """The classes behind the indices, by hash."""

    name: str | None  # None: the run did not say
    num_classes: int
    sha256: str | None  # of the names, each with a newline


class Baseline(TypedDict):
    """The whole of a baseline file."""

    kind: str  # KIND
    schema_version: int
    model: str  # its name in the run
    what: ModelInfo  # `path` without its folders
    how: Protocol
    where: Where
    labels: BaselineLabels
    manifest_digest: str | None  # None: the run was not of a manifest
    num_listed: int  # videos on the list
    left_out: list[str]  # paths of those that were not decoded, or that the protocol does not count
    videos: list[BaselineVideo]  # by `video`


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said of a labelled video: shape of `probabilities` (num_classes,)."""

    path: str
    label: int
    probabilities: npt.NDArray[np.float64]


def pick_model(run: RecordedRun, name: str | None) -> str:
    """Return the name of the model to take from a run: the one given, or the only one.

    Raises:
        ComparisonError: If the run has no such model, or several and none is named.
    """
    models = list(run.result["what"])
    known = ", ".join(map(repr, models))
    if name is None and len(models) > 1:
        raise ComparisonError(
            f"run {str(run.folder)!r} has several models, {known}; one must be named",
            hint=f"write {run.folder}:{models[0]}",
        )
    if name is not None and name not in models:
        raise ComparisonError(f"run {str(run.folder)!r} must have the model {name!r}; it has {known}")
    return models[0] if name is None else name


def answers(run: RecordedRun, model: str) -> dict[str, Answer]:
    """Return what a model said of the labelled videos of a run, by the hash of the video, else by its path.

    The last of them is left out where the protocol does not count it.

    Raises:
        ComparisonError: If the run was interrupted, none has a label or counts, or two are the same file.
    """
    if not run.is_complete:
        counts = run.result["counts"]
        raise ComparisonError(
            f"run {str(run.folder)!r} must be complete; it was interrupted after "
            f"{counts['decoded'] + len(counts['dropped'])} of {counts['listed']} videos",
            hint="the same `i3d accuracy run` command goes on where it stopped",
        )
    found: dict[str, Answer] = {}
    counted, uncounted = _labelled(run, model)
    for video in counted:
        key = _key(video)
        if key in found:
            raise ComparisonError(
                f"run {str(run.folder)!r} must have each video once; {found[key].path!r} and {video.path!r} "
                "are the same file",
                hint="take one of them off the list",
            )
        assert video.label is not None
        found[key] = Answer(video.path, video.label, video.probabilities)
    if not found:
        besides = " besides the last, which its protocol does not count" if uncounted else ""
        raise ComparisonError(f"run {str(run.folder)!r} must have videos with labels{besides}; it has none")
    return found


def _labelled(run: RecordedRun, model: str) -> tuple[list[RecordedVideo], list[RecordedVideo]]:
    """Return the labelled videos that the protocol counts, and those that it does not, in the run's order."""
    labelled = [video for video in run.videos[model] if video.label is not None]
    counted = labelled[:-1] if run.result["how"]["drops_last_video"] else labelled
    return counted, labelled[len(counted) :]


def make_baseline(run: RecordedRun, model: str) -> Baseline:
    """Return the baseline that a model's answers in a run make.

    Raises:
        ComparisonError: As `answers` does.
    """
    result = run.result
    uncounted = [video.path for video in _labelled(run, model)[1]]
    return Baseline(
        kind=KIND,
        schema_version=BASELINE_VERSION,
        model=model,
        what={**result["what"][model], "path": Path(result["what"][model]["path"]).name},
        how=result["how"],
        where=result["where"],
        labels=_labels(run),
        manifest_digest=result["data"]["manifest_digest"],
        num_listed=result["counts"]["listed"],
        left_out=[*(item["path"] for item in result["counts"]["dropped"]), *uncounted],
        videos=[entry(key, answer) for key, answer in sorted(answers(run, model).items())],
    )


def entry(key: str, answer: Answer) -> BaselineVideo:
    """Return what a baseline keeps of an answer; of equal probabilities the lower index comes first."""
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
    """Write a baseline, a line per video so that a change is a change of few lines.

    Raises:
        OutputError: If the file exists (without `force`) or cannot be written.
    """
    head: dict[str, Any] = {key: value for key, value in baseline.items() if key != "videos"}
    text = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    rows = ",\n".join("    " + json.dumps(video, ensure_ascii=False) for video in baseline["videos"])
    write_text(path, f'{text},\n  "videos": [\n{rows}\n  ]\n}}\n', force=force)


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        ResultError: If it is absent, is not one, is of another schema version, or holds what cannot be.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except IsADirectoryError as error:
        raise ResultError(
            f"baseline {str(path)!r} must be a file; got a folder",
            hint="`i3d accuracy baseline` makes one of a run; to compare, give the baseline first and then the run",
        ) from error
    except OSError as error:
        raise ResultError(f"baseline {str(path)!r} must be a file; got {error.strerror}", hint=_HINT) from error
    except ValueError as error:
        raise ResultError(f"baseline {str(path)!r} must be JSON; got {error}", hint=_HINT) from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ResultError(f"baseline {str(path)!r} must say that it is an {KIND!r}; it does not", hint=_HINT)
    if document.get("schema_version") != BASELINE_VERSION:
        raise ResultError(
            f"baseline {str(path)!r} must have schema version {BASELINE_VERSION}; got {document.get('schema_version')}",
            hint=_HINT,
        )
    if name := next(unusable_fields(document, _FIELDS), None):
        raise ResultError(f"baseline {str(path)!r} must have {name!r}; it has none that can be read", hint=_HINT)
    if not document["videos"]:
        raise ResultError(f"baseline {str(path)!r} must have a video at least; it has none", hint=_HINT)
    seen: set[str] = set()
    num_classes = document["labels"]["num_classes"]
    for number, video in enumerate(document["videos"], start=1):
        if not _is_entry(video, num_classes) or video["video"] in seen:
            raise ResultError(
                f"baseline {str(path)!r}, video {number}, must have a name of its own, a path, a label, and as many "
                f"probabilities as classes; got {json.dumps(video)[:80]}",
                hint=_HINT,
            )
        seen.add(video["video"])
    return cast(Baseline, document)


def _is_entry(video: object, num_classes: int) -> bool:
    if not isinstance(video, Mapping) or next(unusable_fields(video, _VIDEO_FIELDS), None):
        return False
    top5, probs = video["top5"], video["probs"]
    return len(top5) == len(probs) > 0 and max(*top5, video["label"]) < num_classes and min(probs) >= 0


def _key(video: RecordedVideo) -> str:
    return video.path if video.sha256 is None else f"{_HASH_PREFIX}{video.sha256}"


def _labels(run: RecordedRun) -> BaselineLabels:
    labels = run.result.get("labels")
    if labels is None:
        return BaselineLabels(name=None, num_classes=run.num_classes, sha256=None)
    return BaselineLabels(name=labels["name"], num_classes=run.num_classes, sha256=hash_names(labels["names"]))


def hash_names(names: Sequence[str]) -> str:
    """Return the SHA-256 of class names in index order, each followed by a newline."""
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()
