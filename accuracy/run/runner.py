"""An accuracy run: every video of a list through one or more models, scored, and written down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.journal import DoneVideo, Journal, discard
from i3d_edge.accuracy.result.predictions import prediction_row, score_predictions
from i3d_edge.accuracy.result.schema import (
    PREDICTIONS_NAME,
    RESULT_NAME,
    SCHEMA_VERSION,
    Counts,
    Data,
    Labels,
    ModelInfo,
    Prediction,
    Protocol,
    Result,
    ScoredVideo,
    Time,
    Where,
)
from i3d_edge.accuracy.run.config import require_same_videos, run_config, sha256_of_lines
from i3d_edge.accuracy.run.decoding import HashedVideo
from i3d_edge.accuracy.run.protocol import Preset, spread
from i3d_edge.accuracy.run.where import describe_machine
from i3d_edge.core.errors import ListError, NotFiniteError
from i3d_edge.core.files import sha256_file, write_text
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip, DecodePool, Restart, VideoFeed

FloatArray = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model to be scored.

    Attributes:
        info: What it is.
        run: Takes a clip; returns probabilities, shape (num_classes,).
        prepare: Told of a clip before `run` is; what it does is not counted as inference.
    """

    info: ModelInfo
    run: Callable[[Clip], FloatArray]
    prepare: Callable[[Clip], None] | None = None


def score_videos(
    videos: Sequence[ListedVideo],
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    folder: Path,
    *,
    list_path: Path,
    root: Path | None = None,
    manifest_digest: str | None = None,
    preset: Preset | None = None,
    num_clips: int = 1,
    num_workers: int = 2,
    on_resume: Callable[[int], None] | None = None,
    on_interrupt: Callable[[int], None] | None = None,
    force: bool = False,
) -> Result:
    """Score models on a list of videos; each video is decoded once for all of them, while others are inferred.

    Writes `predictions.jsonl`, a row per view and model with all probabilities, and `result.json`, which
    recomputes from it. A video that cannot be decoded is dropped with its reason; the run goes on. A run that was
    killed goes on after the last video that it finished, and ends with the same files, apart from times.

    Args:
        videos: From `read_dataset` or a manifest.
        scorers: Models by name; they share `spec`'s clip.
        spec: Decides labels, and what clips can be.
        folder: Where the files go.
        list_path: Where `videos` come from; recorded.
        root: Where their relative paths start, if not where the list or manifest says; recorded.
        manifest_digest: Of the manifest, if they come from one; recorded.
        preset: The protocol; None is equally spaced clips.
        num_clips: Without a preset, how many; 1 is the centre clip.
        num_workers: Threads that decode.
        on_resume: Told how many videos are done already, if a run goes on; all of them, if it was complete.
        on_interrupt: Told how many videos are kept, if it is interrupted.
        force: Replace what is there, and begin anew.

    Raises:
        ListError: If no video could be scored.
        ProtocolError: If the model does not take the protocol's clips.
        NotFiniteError: If a model gives NaN; says for which video.
        OutputError: If another run was begun in the folder or is going on there, it holds files of something else, or
            videos that are done have changed since (all without `force`); or if it cannot be written.
        KeyboardInterrupt: If interrupted; what is there is then written as a result that is not complete.
    """
    preset = preset or spread(num_clips)
    how, plan, where = preset.describe(spec), preset.plan(spec), describe_machine()
    data = Data(
        path=str(list_path),
        root=None if root is None else str(root),
        manifest_digest=manifest_digest,
        sha256=sha256_of_lines([video.path, video.label] for video in videos),
    )
    if all(video.label is None for video in videos):
        raise _no_labels(list_path, f"{len(videos)} listed")
    what = {name: scorer.info for name, scorer in scorers.items()}
    names = [video.path for video in videos]

    def result(done: Sequence[DoneVideo]) -> Result:
        return _result(what, how, where, data, len(videos), done, spec, folder)

    with Journal.open(folder, run_config(what, how, where, data, videos, spec), names, force=force) as journal:
        if journal.done:
            require_same_videos(folder, videos, [video["sha256"] for video in journal.done])
            if on_resume is not None:
                on_resume(len(journal.done))
        before_s = journal.done[-1]["elapsed_s"] if journal.done else 0.0
        started = time.perf_counter() - before_s
        remaining = videos[len(journal.done) :]
        if remaining:  # what an interruption left is of fewer videos than predictions.jsonl will have
            (folder / RESULT_NAME).unlink(missing_ok=True)
        try:
            with DecodePool(map(HashedVideo, remaining), plan, num_workers=num_workers) as pool:
                for feed in track(pool, total=len(remaining), title="scoring", unit="video"):
                    rows, done = _score(feed, scorers, spec)
                    journal.add(rows, {**done, "elapsed_s": round(time.perf_counter() - started, 3)})
        except KeyboardInterrupt:
            journal.drop_unfinished()
            if any(_is_scored(item) for item in journal.done):
                _write(folder, result(journal.done))
            if on_interrupt is not None:
                on_interrupt(len(journal.done))
            raise
    if not any(_is_scored(item) for item in journal.done):
        discard(folder)
        raise _nothing_scored(list_path, journal.done)
    return _write(folder, result(journal.done))


def _score(
    feed: VideoFeed[HashedVideo], scorers: Mapping[str, Scorer], spec: ModelSpec
) -> tuple[list[Prediction], DoneVideo]:
    """Run a video's views through all models; what is computed of one that then turns out damaged does not count."""
    video = feed.video.listed
    label = None if video.label is None else spec.labels.index(video.label)
    infer_s = dict.fromkeys(scorers, 0.0)
    prepare_s = 0.0
    rows: list[Prediction] = []
    num_views = 0

    def forget() -> None:
        nonlocal num_views
        rows.clear()
        infer_s.update(dict.fromkeys(scorers, 0.0))
        num_views = 0

    for view in feed.views():
        if isinstance(view, Restart):
            forget()
            continue
        for name, scorer in scorers.items():
            started = time.perf_counter()
            if scorer.prepare is not None:
                scorer.prepare(view)
            prepared = time.perf_counter()
            try:
                computed = scorer.run(view)
            except NotFiniteError as found:
                message = f"{found.message}; by {name!r} of {video.path!r}"
                raise NotFiniteError(message, hint=found.hint) from found
            prepare_s += prepared - started
            infer_s[name] += time.perf_counter() - prepared
            rows.append(prediction_row(video.path, name, num_views, view, label, computed))
        num_views += 1
    outcome = feed.outcome
    assert outcome is not None
    error = outcome.error
    if error is not None:
        forget()
    return rows, {
        "video": video.path,
        "label": label,
        "reason": None if error is None else f"{type(error).__name__}: {error.message}",
        "sha256": feed.video.sha256,
        "warnings": list(outcome.warnings) if error is None else [],
        "num_views": num_views,
        "decode_s": round(outcome.decode_s, 6),
        "wait_s": round(feed.wait_s, 6),
        "prepare_s": round(prepare_s, 6),
        "infer_s": {name: round(seconds, 6) for name, seconds in infer_s.items()},
        "elapsed_s": 0.0,
        "end": 0,
    }


def _is_scored(video: DoneVideo) -> bool:
    return video["reason"] is None and video["label"] is not None


def _result(
    what: dict[str, ModelInfo],
    how: Protocol,
    where: Where,
    data: Data,
    num_listed: int,
    done: Sequence[DoneVideo],
    spec: ModelSpec,
    folder: Path,
) -> Result:
    decoded = [video for video in done if video["reason"] is None]
    scores = score_predictions(
        folder / PREDICTIONS_NAME, list(what), how["aggregation"], drops_last_video=how["drops_last_video"]
    )
    return Result(
        schema_version=SCHEMA_VERSION,
        is_complete=len(done) == num_listed,
        what=what,
        how=how,
        where=where,
        data=data,
        counts=Counts(
            listed=num_listed,
            decoded=len(decoded),
            unlabelled=sum(video["label"] is None for video in decoded),
            scored=sum(video["label"] is not None for video in decoded),
            dropped=[
                {"path": video["video"], "reason": video["reason"]} for video in done if video["reason"] is not None
            ],
        ),
        videos=[
            ScoredVideo(
                path=video["video"],
                label=video["label"],
                sha256=str(video["sha256"]),
                num_views=video["num_views"],
            )
            for video in decoded
        ],
        metrics={name: score.metrics for name, score in scores.items()},
        details={name: score.details for name, score in scores.items()},
        labels=Labels(name=spec.labels.name, names=list(spec.labels.names)),
        predictions_sha256=sha256_file(folder / PREDICTIONS_NAME),
        warnings=_warnings(decoded),
        time=_time(done, list(what)),
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
        "infer_s": {name: round(sum(video["infer_s"][name] for video in done), 3) for name in models},
        "num_views": num_views,
        "views_per_s": round(num_views * len(models) / total_s, 3) if total_s else 0.0,
    }


def _write(folder: Path, result: Result) -> Result:
    write_text(folder / RESULT_NAME, json.dumps(result, indent=2, ensure_ascii=False) + "\n", force=True)
    return result


def _no_labels(list_path: Path, which: str) -> ListError:
    return ListError(f"list {str(list_path)!r} must have labels to score; none of its {which} videos has one")


def _nothing_scored(list_path: Path, done: Sequence[DoneVideo]) -> ListError:
    if any(video["reason"] is None for video in done):
        return _no_labels(list_path, "decodable")
    return ListError(
        f"list {str(list_path)!r} must have a video that can be decoded; all {len(done)} were dropped, "
        f"the first one because of {done[0]['reason']}",
        hint="a relative path in a list starts at the list's own folder",
    )
