"""A run as it lies in its folder: `result.json`, and every view in `predictions.jsonl`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from accuracy.metrics import ScoredView
from accuracy.result_file import CUT_OFF_HINT, read_result
from accuracy.result_schema import PREDICTIONS_NAME, RESULT_NAME, Prediction, Result
from accuracy.scoring import Scores, score_views
from i3d_edge.errors import ResultError
from i3d_edge.files import sha256_file

_SUM_TOLERANCE = 0.01
"""How far a row's probabilities may be from summing to 1: bf16 keeps 8 bits of each."""

_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class RecordedVideo:
    """What one model said of one video.

    Attributes:
        path: As listed.
        sha256: Of the file, where the run recorded it.
        label: Class index, or None where the list did not say.
        probabilities: Of its views in their order, shape (num_views, num_classes).
        logits: The same, or None where they were not kept.
    """

    path: str
    sha256: str | None
    label: int | None
    probabilities: npt.NDArray[np.float64]
    logits: npt.NDArray[np.float64] | None

    def scored_views(self) -> list[ScoredView]:
        """Return the views as the metrics take them; none where there is no label."""
        if self.label is None:
            return []
        logits = [None] * len(self.probabilities) if self.logits is None else list(self.logits)
        return [
            ScoredView(self.path, self.label, own, own_logits)
            for own, own_logits in zip(self.probabilities, logits, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run, read and found whole.

    Attributes:
        folder: Where it lies.
        result: Its `result.json`.
        videos: By model, then in the list's order.
    """

    folder: Path
    result: Result
    videos: Mapping[str, Sequence[RecordedVideo]]

    @property
    def aggregation(self) -> str:
        """How views become a video's probabilities."""
        return self.result["how"]["aggregation"]

    @property
    def num_classes(self) -> int:
        """How many classes the models tell apart."""
        first = next(iter(self.videos.values()))[0]
        return int(first.probabilities.shape[1])

    @property
    def is_complete(self) -> bool:
        """Whether the run came to the end of its list."""
        return self.result.get("is_complete", True)

    @property
    def class_names(self) -> list[str]:
        """Names in index order; numbers where the run does not name its classes."""
        if "labels" in self.result:
            return self.result["labels"]["names"]
        return [f"class {index}" for index in range(self.num_classes)]


def read_run(folder: Path) -> RecordedRun:
    """Read a run without trusting it: rows must be whole, and agree with `result.json`'s counts.

    Args:
        folder: Where `i3d accuracy run` wrote; its `result.json` does as well.

    Raises:
        ResultError: If a file is absent, cut off, edited, or of another schema version; says where.
    """
    folder = folder.parent if folder.name == RESULT_NAME else folder
    result = read_result(folder / RESULT_NAME)
    path = folder / PREDICTIONS_NAME
    rows = _read_rows(path, result)
    videos = {model: _videos(path, model, rows, result) for model in result["what"]}
    _check_counts(path, result, videos)
    num_classes = len(rows[0]["probs"])
    if "labels" in result and len(result["labels"]["names"]) != num_classes:
        raise ResultError(
            f"result {str(folder / RESULT_NAME)!r} must name the {num_classes} classes of its predictions; "
            f"it names {len(result['labels']['names'])}",
            hint=CUT_OFF_HINT,
        )
    if result.get("predictions_sha256", sha256_file(path)) != sha256_file(path):
        raise ResultError(
            f"predictions {str(path)!r} must have the SHA-256 in result.json; they differ", hint=CUT_OFF_HINT
        )
    return RecordedRun(folder, result, videos)


def score_run(run: RecordedRun) -> dict[str, Scores]:
    """Recompute every score of a run from its views, by model.

    Raises:
        ResultError: If `result.json` says otherwise, or no video has a label.
    """
    scores = {}
    for model, videos in run.videos.items():
        views = [view for video in videos for view in video.scored_views()]
        if not views:
            raise ResultError(f"run {str(run.folder)!r} must have videos with labels to score; it has none")
        scores[model] = score_views(
            views, run.aggregation, drops_last_video=run.result["how"].get("drops_last_video", False)
        )
        stated = run.result["metrics"].get(model, {})
        for name, metric in scores[model].metrics.items():
            if stated.get(name) != metric:
                raise ResultError(
                    f"result {str(run.folder / RESULT_NAME)!r} must say what its predictions give, {name} of {model!r} "
                    f"= {metric['num_correct']}/{metric['num_total']}; it says {_stated(stated.get(name))}",
                    hint="one of the two files was edited: run again, or take both from where they were made",
                )
        if run.result.get("details", {}).get(model, scores[model].details) != scores[model].details:
            raise ResultError(
                f"result {str(run.folder / RESULT_NAME)!r} must say what its predictions give; its details of "
                f"{model!r} differ",
                hint="one of the two files was edited: run again, or take both from where they were made",
            )
    return scores


def _stated(metric: object) -> str:
    if isinstance(metric, Mapping) and {"num_correct", "num_total"} <= metric.keys():
        return f"{metric['num_correct']}/{metric['num_total']}"
    return "nothing"


def _read_rows(path: Path, result: Result) -> list[Prediction]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ResultError(
            f"predictions {str(path)!r} must be a file; got {error.strerror}",
            hint="they lie beside result.json, and nothing recomputes without them",
        ) from error
    rows: list[Prediction] = []
    for number, line in enumerate(lines, start=1):
        if line:
            rows.append(_row(line, f"predictions {str(path)!r}, line {number}", result))
            if len(rows[-1]["probs"]) != len(rows[0]["probs"]):
                raise ResultError(
                    f"predictions {str(path)!r}, line {number}, must have {len(rows[0]['probs'])} probabilities "
                    f"as line 1 has; got {len(rows[-1]['probs'])}",
                    hint=CUT_OFF_HINT,
                )
    if not rows:
        raise ResultError(f"predictions {str(path)!r} must have a line for each view; it is empty", hint=CUT_OFF_HINT)
    return rows


def _row(line: bytes, where: str, result: Result) -> Prediction:
    try:
        row: Any = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        start = line[:_SHOWN_CHARACTERS].decode(errors="replace")
        raise ResultError(f"{where}, must be a JSON object; got {start!r}...", hint=CUT_OFF_HINT)
    for key, kind in (("video", str), ("model", str), ("view", int), ("probs", list)):
        if not isinstance(row.get(key), kind):
            raise ResultError(
                f"{where}, must have {key!r}, of type {kind.__name__}; got {row.get(key)!r}", hint=CUT_OFF_HINT
            )
    if row["model"] not in result["what"]:
        known = ", ".join(map(repr, result["what"]))
        raise ResultError(
            f"{where}, must be of one of result.json's models, {known}; got {row['model']!r}", hint=CUT_OFF_HINT
        )
    probabilities = _numbers(row["probs"], where, "probabilities")
    outside = [value for value in probabilities if not 0 <= value <= 1 + _SUM_TOLERANCE]
    if outside:
        raise ResultError(f"{where}, must have probabilities in [0, 1]; got {outside[0]}", hint=CUT_OFF_HINT)
    if abs((total := math.fsum(probabilities)) - 1) > _SUM_TOLERANCE:
        raise ResultError(f"{where}, must have probabilities that sum to 1; got {total:.4g}", hint=CUT_OFF_HINT)
    label = row.get("label")
    if label is not None and not (isinstance(label, int) and 0 <= label < len(probabilities)):
        raise ResultError(
            f"{where}, must have a label from 0 to {len(probabilities) - 1}, or null; got {label!r}", hint=CUT_OFF_HINT
        )
    if "logits" in row and len(_numbers(row["logits"], where, "logits")) != len(probabilities):
        raise ResultError(
            f"{where}, must have as many logits as probabilities, {len(probabilities)}; got {len(row['logits'])}",
            hint=CUT_OFF_HINT,
        )
    return cast(Prediction, row)


def _numbers(values: object, where: str, what: str) -> list[float]:
    if not isinstance(values, list) or not values:
        raise ResultError(f"{where}, must have {what}; got {values!r}", hint=CUT_OFF_HINT)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ResultError(f"{where}, must have {what} that are finite numbers; got {value!r}", hint=CUT_OFF_HINT)
    return values


def _videos(path: Path, model: str, rows: Sequence[Prediction], result: Result) -> list[RecordedVideo]:
    by_video: dict[str, dict[int, Prediction]] = {}
    for row in rows:
        if row["model"] != model:
            continue
        views = by_video.setdefault(row["video"], {})
        if row["view"] in views:
            raise ResultError(
                f"predictions {str(path)!r} must have each view once; "
                f"view {row['view']} of {row['video']!r} by {model!r} is there twice",
                hint=CUT_OFF_HINT,
            )
        views[row["view"]] = row
    hashes = {video["path"]: video["sha256"] for video in result.get("videos", [])}
    found = {name: _video(path, model, views, hashes.get(name)) for name, views in by_video.items()}
    return [found.pop(name) for name in hashes if name in found] + list(found.values())


def _video(path: Path, model: str, views: Mapping[int, Prediction], sha256: str | None) -> RecordedVideo:
    rows = [views[number] for number in sorted(views)]
    name = rows[0]["video"]
    if sorted(views) != list(range(len(views))):
        first = next(number for number in range(len(views)) if number not in views)
        raise ResultError(
            f"predictions {str(path)!r} must have every view; view {first} of {name!r} by {model!r} is missing",
            hint=CUT_OFF_HINT,
        )
    if any(row.get("label") != rows[0].get("label") for row in rows):
        raise ResultError(
            f"predictions {str(path)!r} must have one label for each video; {name!r} has several", hint=CUT_OFF_HINT
        )
    logits = [row["logits"] for row in rows if "logits" in row]
    return RecordedVideo(
        path=name,
        sha256=sha256,
        label=rows[0].get("label"),
        probabilities=np.array([row["probs"] for row in rows], dtype=np.float64),
        logits=np.array(logits, dtype=np.float64) if len(logits) == len(rows) else None,
    )


def _check_counts(path: Path, result: Result, videos: Mapping[str, Sequence[RecordedVideo]]) -> None:
    counts = result["counts"]
    expected = {"decoded": counts["decoded"], "scored": counts["scored"], "unlabelled": counts["unlabelled"]}
    shapes = {}
    for model, own in videos.items():
        scored = sum(video.label is not None for video in own)
        got = {"decoded": len(own), "scored": scored, "unlabelled": len(own) - scored}
        for name, number in expected.items():
            if got[name] != number:
                raise ResultError(
                    f"predictions {str(path)!r} must have the {number} {name} videos that result.json counts; "
                    f"those of {model!r} have {got[name]}",
                    hint=CUT_OFF_HINT,
                )
        shapes[model] = {video.path: (len(video.probabilities), video.label) for video in own}
    if "videos" in result:
        shapes = {
            "result.json": {video["path"]: (video["num_views"], video["label"]) for video in result["videos"]},
            **shapes,
        }
    first = next(iter(shapes))
    for model, shape in shapes.items():
        different = [name for name in {**shapes[first], **shape} if shapes[first].get(name) != shape.get(name)]
        if different:
            raise ResultError(
                f"predictions {str(path)!r} must have the same videos, views and labels throughout; "
                f"{different[0]!r} differs between {first!r} and {model!r}",
                hint=CUT_OFF_HINT,
            )
    if result.get("is_complete", True) and counts["listed"] != counts["decoded"] + len(counts["dropped"]):
        raise ResultError(
            f"result of {str(path.parent)!r} must count every listed video as decoded or dropped; "
            f"{counts['listed']} are listed, {counts['decoded']} decoded, {len(counts['dropped'])} dropped",
            hint=CUT_OFF_HINT,
        )
    dropped = {item["path"] for item in counts["dropped"]}
    if both := sorted(dropped & set(shapes[first])):
        raise ResultError(
            f"predictions {str(path)!r} must not have videos that result.json counts as dropped; got {both[0]!r}",
            hint=CUT_OFF_HINT,
        )
