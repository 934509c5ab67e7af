"""A run as it lies in its folder: `result.json`, and every view in `predictions.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.result.file import CUT_OFF_HINT, read_result
from i3d_edge.accuracy.result.recorded_rows import read_rows
from i3d_edge.accuracy.result.recorded_video import RecordedVideo, collect
from i3d_edge.accuracy.result.schema import PREDICTIONS_NAME, RESULT_NAME, Metric, Result
from i3d_edge.accuracy.result.scoring import Scores, make_scores
from i3d_edge.core.errors import ResultError
from i3d_edge.core.files import sha256_file

_EDITED_HINT = "one of the two files was edited: run again, or take both from where they were made"


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
    def num_classes(self) -> int:
        """How many classes the models tell apart."""
        first = next(iter(self.videos.values()))[0]
        return len(first.probabilities)

    @property
    def is_complete(self) -> bool:
        """Whether the run came to the end of its list."""
        return self.result["is_complete"]

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
    videos = collect(path, read_rows(path, result), result)
    _check_counts(path, result, videos)
    num_classes = len(next(iter(videos.values()))[0].probabilities)
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
        labelled = [video for video in videos if video.label is not None]
        if not labelled:
            raise ResultError(f"run {str(run.folder)!r} must have videos with labels to score; it has none")
        scores[model] = make_scores(
            [rank for video in labelled for rank in video.clip_ranks],
            [video.outcome() for video in labelled],
            drops_last_video=run.result["how"]["drops_last_video"],
        )
        _require_metrics(run, model, scores[model].metrics)
        if run.result.get("details", {}).get(model, scores[model].details) != scores[model].details:
            raise ResultError(
                f"result {str(run.folder / RESULT_NAME)!r} must say what its predictions give; its details of "
                f"{model!r} differ",
                hint=_EDITED_HINT,
            )
    if others := sorted(run.result["metrics"].keys() - scores.keys()):
        raise _says_more(run, f"metrics of {others[0]!r}")
    return scores


def _require_metrics(run: RecordedRun, model: str, metrics: Mapping[str, Metric]) -> None:
    """Refuse metrics that are not those computed, and name the field that differs."""
    stated: Mapping[str, object] = run.result["metrics"][model]
    for name, metric in metrics.items():
        own = stated.get(name)
        said = own if isinstance(own, Mapping) else {}
        different = [key for key in {**metric, **said} if (key, said.get(key)) not in metric.items()]
        if not different:
            continue
        computed = f"{metric['num_correct']}/{metric['num_total']}"
        if not {"num_correct", "num_total"} <= said.keys():
            finding = f"= {computed}; it says nothing"
        elif {"num_correct", "num_total"} & set(different):
            finding = f"= {computed}; it says {said['num_correct']}/{said['num_total']}"
        else:
            was, found = (part.get(different[0], "nothing") for part in (dict(metric), said))
            finding = f"with {different[0]} = {was}; it says {found}"
        raise ResultError(
            f"result {str(run.folder / RESULT_NAME)!r} must say what its predictions give, {name} of {model!r} "
            f"{finding}",
            hint=_EDITED_HINT,
        )
    if others := sorted(stated.keys() - metrics.keys()):
        raise _says_more(run, f"{others[0]} of {model!r}")


def _says_more(run: RecordedRun, what: str) -> ResultError:
    return ResultError(
        f"result {str(run.folder / RESULT_NAME)!r} must say what its predictions give and no more; it says {what} too",
        hint=_EDITED_HINT,
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
        shapes[model] = {video.path: (video.num_views, video.label) for video in own}
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
    if result["is_complete"] and counts["listed"] != counts["decoded"] + len(counts["dropped"]):
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
