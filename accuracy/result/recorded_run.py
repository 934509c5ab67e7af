"""A run as it lies in its folder: `result.json`, and every view in `predictions.jsonl`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.result.journal import RUN_NAME
from i3d_edge.accuracy.result.recorded_video import RecordedVideo, read_videos
from i3d_edge.accuracy.result.schema import CUT_OFF_HINT, PREDICTIONS_NAME, RESULT, RESULT_NAME, Result
from i3d_edge.accuracy.result.scoring import Scores, Tally
from i3d_edge.core.errors import ResultError
from i3d_edge.core.files import sha256_file

_EDITED_HINT = "one of the two files was edited: run again, or take both from where they were made"


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run, read and found whole."""

    folder: Path  # where it lies
    result: Result  # its `result.json`
    videos: Mapping[str, Sequence[RecordedVideo]]  # by model, then in the list's order

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
        """Names in index order."""
        return self.result["labels"]["names"]


def read_run(folder: Path) -> RecordedRun:
    """Read a run without trusting it: its folder, or its `result.json`.

    Raises ResultError if a file is absent, cut off, edited, or of another schema version; says where.
    """
    folder = folder.parent if folder.name == RESULT_NAME else folder
    result = read_result(folder)
    path = folder / PREDICTIONS_NAME
    listed = result.get("videos", [])
    found: dict[str, list[RecordedVideo]] = {model: [] for model in result["what"]}
    for model, video in read_videos(path, list(found), result["how"]["aggregation"], listed):
        found[model].append(video)
    places = {video["path"]: place for place, video in enumerate(listed)}
    videos = {model: sorted(own, key=lambda video: places.get(video.path, len(places))) for model, own in found.items()}
    _check_counts(path, result, videos)
    _check_same_videos(path, result, videos)
    run = RecordedRun(folder, result, videos)
    if len(run.class_names) != run.num_classes:
        raise ResultError(
            f"result {str(folder / RESULT_NAME)!r} names {len(run.class_names)} classes; its predictions have "
            f"{run.num_classes}",
            hint=CUT_OFF_HINT,
        )
    if "predictions_sha256" in result and result["predictions_sha256"] != sha256_file(path):
        raise ResultError(f"predictions {str(path)!r} do not have the SHA-256 in result.json", hint=CUT_OFF_HINT)
    return run


def read_result(folder: Path) -> Result:
    """Read `result.json`; raises ResultError if it is absent, lacks a field or is of another schema version."""
    path = folder / RESULT_NAME
    if not path.exists():
        if (folder / RUN_NAME).exists():
            raise ResultError(
                f"run {str(folder)!r} is not finished: it has no {RESULT_NAME}",
                hint="the same `i3d accuracy run` command continues it",
            )
        if folder.is_file():
            raise ResultError(f"run {str(folder)!r} is a file", hint="give the folder that `i3d accuracy run` wrote")
        raise ResultError(f"no {RESULT_NAME} in {str(folder)!r}", hint="give the folder that `i3d accuracy run` wrote")
    result = RESULT.read(path)
    parts: dict[str, Mapping[str, object]] = {
        "metrics": result["metrics"],
        "details": result["details"],
        "time.infer_s": result["time"]["infer_s"],
    }
    for name, part in parts.items():
        if lacking := [model for model in result["what"] if model not in part]:
            raise ResultError(f"result {str(path)!r} is damaged: {name} lacks model {lacking[0]!r}", hint=CUT_OFF_HINT)
    return result


def score_run(run: RecordedRun) -> dict[str, Scores]:
    """Recompute every score of a run from its views, by model.

    Raises ResultError if `result.json` says otherwise, or no video has a label.
    """
    scores = {}
    for model, videos in run.videos.items():
        tally = Tally()
        for video in videos:
            tally.add(video)
        if not tally.outcomes:
            raise ResultError(f"run {str(run.folder)!r} has no videos with labels, so nothing can be scored")
        scores[model] = tally.scores(drops_last_video=run.result["how"]["drops_last_video"])
    _require_same(run, "metrics", {name: own.metrics for name, own in scores.items()}, run.result["metrics"])
    # Earlier results of this version also hold bins of calibration, which nothing reads.
    stated = {
        name: {key: value for key, value in own.items() if key != "calibration"}
        for name, own in run.result["details"].items()
    }
    _require_same(run, "details", {name: own.details for name, own in scores.items()}, stated)
    return scores


def _require_same(run: RecordedRun, what: str, computed: object, stated: object) -> None:
    """Refuse what is not as computed, and name the field that differs."""
    if computed == stated:
        return
    if isinstance(computed, Mapping) and isinstance(stated, Mapping):
        for key in {**computed, **stated}:
            _require_same(run, f"{what}.{key}", computed.get(key, "absent"), stated.get(key, "absent"))
    is_long = any(isinstance(value, list | dict) for value in (computed, stated))
    finding = "differs" if is_long else f"is {stated}, not {computed}"
    raise ResultError(
        f"result {str(run.folder / RESULT_NAME)!r} does not say what its predictions give: {what} {finding}",
        hint=_EDITED_HINT,
    )


def _check_counts(path: Path, result: Result, videos: Mapping[str, Sequence[RecordedVideo]]) -> None:
    counts = result["counts"]
    stated = {"decoded": counts["decoded"], "scored": counts["scored"], "unlabelled": counts["unlabelled"]}
    for model, own in videos.items():
        scored = sum(video.label is not None for video in own)
        for name, number in {"decoded": len(own), "scored": scored, "unlabelled": len(own) - scored}.items():
            if number != stated[name]:
                raise ResultError(
                    f"predictions {str(path)!r} have {number} {name} videos by {model!r}; result.json counts "
                    f"{stated[name]}",
                    hint=CUT_OFF_HINT,
                )
    if result["is_complete"] and counts["listed"] != counts["decoded"] + len(counts["dropped"]):
        raise ResultError(
            f"result of {str(path.parent)!r} does not add up: {counts['listed']} videos are listed, "
            f"{counts['decoded']} decoded, {len(counts['dropped'])} dropped",
            hint=CUT_OFF_HINT,
        )
    dropped = {item["path"] for item in counts["dropped"]}
    if both := [video.path for video in next(iter(videos.values())) if video.path in dropped]:
        raise ResultError(
            f"predictions {str(path)!r} have video {both[0]!r}, which result.json counts as dropped", hint=CUT_OFF_HINT
        )


def _check_same_videos(path: Path, result: Result, videos: Mapping[str, Sequence[RecordedVideo]]) -> None:
    """Refuse models that differ in videos, views or labels, from each other or from the result's list."""
    shapes = {model: {video.path: (video.num_views, video.label) for video in own} for model, own in videos.items()}
    if "videos" in result:
        listed = {video["path"]: (video["num_views"], video["label"]) for video in result["videos"]}
        shapes = {"result.json": listed, **shapes}
    first = next(iter(shapes))
    for name, shape in shapes.items():
        for video in {**shapes[first], **shape}:
            if shapes[first].get(video) != shape.get(video):
                raise ResultError(
                    f"predictions {str(path)!r} are damaged: views or label of {video!r} differ between {first!r} and "
                    f"{name!r}",
                    hint=CUT_OFF_HINT,
                )


def read_named_runs(texts: Sequence[str]) -> list[tuple[RecordedRun, str | None]]:
    """Read several RUN[:NAME], each folder once; recompute what each says, and return it with the name.

    Raises ResultError if a run is not whole.
    """
    runs: dict[Path, RecordedRun] = {}
    named = []
    for text in texts:
        folder, name = split_run(text)
        if folder.resolve() not in runs:
            run = runs[folder.resolve()] = read_run(folder)
            score_run(run)
        named.append((runs[folder.resolve()], name))
    return named


def split_run(text: str) -> tuple[Path, str | None]:
    """Split RUN[:NAME], where both may hold colons: a folder of that very name, else up to the first that exists.

    Example: "results:rgb@HETERO:NPU,CPU" -> results, "rgb@HETERO:NPU,CPU".
    """
    if Path(text).exists():
        return Path(text), None
    parts = text.split(":")
    for number in range(1, len(parts)):
        folder = Path(":".join(parts[:number]))
        if folder.exists():
            return folder, ":".join(parts[number:])
    return Path(parts[0]), ":".join(parts[1:]) or None
