"""An accuracy run: every video of a list through one or more models, scored, and written down."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.data.shard import WHOLE, Shard
from i3d_edge.accuracy.result.journal import DoneVideo, Journal, discard
from i3d_edge.accuracy.result.predictions import prediction_row
from i3d_edge.accuracy.result.schema import RESULT_NAME, Data, Machine, ModelInfo, PredictionRow, Result, Where
from i3d_edge.accuracy.run.config import require_same_videos, run_config, sha256_of_lines
from i3d_edge.accuracy.run.hashed_video import HashedVideo
from i3d_edge.accuracy.run.protocol import DEFAULT, PRESETS, Preset
from i3d_edge.accuracy.run.summary import RunFacts, is_scored, write_result
from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.environment import PACKAGES, versions
from i3d_edge.core.errors import ListError, NotFiniteError, ResultError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.messages import LOG, Say
from i3d_edge.core.processor import read_processor
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip, DecodePool, VideoFeed, ViewPlan
from i3d_edge.runtime.frames.remote import public_name


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model to be scored.

    Attributes:
        info: What it is.
        run: Takes a clip; returns probabilities, shape (num_classes,).
        prepare: Called with a clip before `run` is; what it does is not counted as inference.
    """

    info: ModelInfo
    run: Callable[[Clip], FloatArray]
    prepare: Callable[[Clip], object] | None = None


Scored = tuple[list[PredictionRow], DoneVideo]
"""What is written of a video; of one that was dropped no rows."""

Scoring = Callable[[Sequence[ListedVideo]], Generator[Scored]]
"""Scores videos, and yields what to write of them in their order."""


def score_videos(
    videos: Sequence[ListedVideo],
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    folder: Path,
    *,
    list_path: Path,
    root: Path | None = None,
    manifest_digest: str | None = None,
    shard: Shard = WHOLE,
    preset: Preset = PRESETS[DEFAULT],
    num_workers: int = 2,
    scoring: Scoring | None = None,
    say: Say = LOG.info,
    force: bool = False,
) -> Result:
    """Score models on a list of videos; each video is decoded once for all of them, while others are inferred.

    Writes `predictions.jsonl`, a row per view and model with all probabilities, and `result.json`, which
    recomputes from it. A video that cannot be decoded is dropped with its reason; the run continues. A run that was
    killed continues after the last video that it finished, and ends with the same files, apart from times.

    The scorers share `spec`'s clip. Where the videos come from, `list_path`, `root` and `manifest_digest`, is recorded;
    of these videos only the slice `shard` is scored. `scoring` does it elsewhere; None is in this process.

    Raises:
        ListError: If the slice has no videos, or none could be scored.
        ProtocolError: If the model does not take the protocol's clips.
        NotFiniteError, ResultError: If a model gives NaN, no probabilities, or not one for each class.
        OutputError: If the folder holds another run or other files, another process is writing there, or videos that
            are done have changed since (all without `force`); or if it cannot be written.
        KeyboardInterrupt: If interrupted; what is there is then written as a result that is not complete.
    """
    facts = _facts(videos, scorers, spec, preset, list_path, root, manifest_digest, shard)
    config = run_config(facts, videos, spec)
    videos = shard.part(videos)
    if not videos:
        raise ListError(f"list {str(list_path)!r} is too short for a slice {shard}")
    scoring = scoring or (lambda some: score_here(some, scorers, spec, preset.plan(spec), num_workers))
    with Journal.open(folder, config, [video.path for video in videos], force=force) as journal:
        remaining = _resume(journal, videos, say)
        num_before = len(journal.done)
        try:
            with closing(scoring(remaining)) as scored:
                started = time.perf_counter() - (journal.done[-1]["elapsed_s"] if journal.done else 0.0)
                for rows, done in track(scored, total=len(remaining), title="scoring", unit="video"):
                    journal.add(rows, {**done, "elapsed_s": round(time.perf_counter() - started, 3)})
        except KeyboardInterrupt:
            _keep(journal, facts, num_before)
            say(f"{len(journal.done)} of {len(videos)} videos are kept in {folder}: run it again to go on")
            raise
    return _conclude(journal, facts, num_before)


def _facts(
    videos: Sequence[ListedVideo],
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    preset: Preset,
    list_path: Path,
    root: Path | None,
    manifest_digest: str | None,
    shard: Shard,
) -> RunFacts:
    if all(video.label is None for video in videos):
        raise _no_labels(str(list_path), f"{len(videos)} listed")
    data = Data(
        path=str(list_path),
        root=None if root is None else public_name(root),
        manifest_digest=manifest_digest,
        sha256=sha256_of_lines([video.path, video.label] for video in videos),
    )
    if shard != WHOLE:
        data["shard"] = str(shard)
    return RunFacts(
        what={name: scorer.info for name, scorer in scorers.items()},
        how=preset.describe(spec),
        where=Where(
            cpu=read_processor().name,
            num_cpus=os.cpu_count() or 1,
            os=sys.platform,
            versions=_versions(),
        ),
        data=data,
        num_listed=len(shard.part(videos)),
        labels=spec.labels,
    )


def _resume(journal: Journal, videos: Sequence[ListedVideo], say: Say) -> Sequence[ListedVideo]:
    """Check what was done before, and return the videos that are left."""
    if journal.done:
        require_same_videos(journal.folder, videos, [video["sha256"] for video in journal.done])
    remaining = videos[len(journal.done) :]
    if not remaining:
        say(f"already complete: all {len(videos)} videos are done; --force runs them again")
        return []
    if journal.done:
        say(f"going on after {len(journal.done)} of {len(videos)} videos")
    # what an interruption left is of fewer videos than predictions.jsonl will have
    (journal.folder / RESULT_NAME).unlink(missing_ok=True)
    return remaining


def _keep(journal: Journal, facts: RunFacts, num_before: int) -> None:
    """Leave an interrupted run as a result that is not complete."""
    journal.drop_unfinished()
    if any(map(is_scored, journal.done)):
        write_result(journal.folder, facts, journal.done, len(journal.done) - num_before)


def _conclude(journal: Journal, facts: RunFacts, num_before: int) -> Result:
    done, path = journal.done, facts.data["path"]
    if any(map(is_scored, done)):
        return write_result(journal.folder, facts, done, len(done) - num_before)
    discard(journal.folder)
    if any(video["reason"] is None for video in done):
        raise _no_labels(path, "decodable")
    raise ListError(
        f"none of the {len(done)} videos of list {path!r} can be decoded; the first: {done[0]['reason']}",
        hint="a relative path in a list starts at the list's own folder",
    )


def score_here(
    videos: Sequence[ListedVideo], scorers: Mapping[str, Scorer], spec: ModelSpec, plan: ViewPlan, num_workers: int
) -> Generator[Scored]:
    """Score videos in this process, in threads that decode and this one, which infers; arguments as `score_videos`."""
    ran_on = Machine(
        cpu=read_processor().name,
        versions=_versions(),
        executed_precision={name: scorer.info["executed_precision"] for name, scorer in scorers.items()},
    )
    with DecodePool(map(HashedVideo, videos), plan, num_workers=num_workers) as pool:
        for feed in pool:
            rows, done = _score(feed, scorers, spec)
            yield rows, {**done, "ran_on": ran_on}


def _versions() -> dict[str, str]:
    return versions((*PACKAGES, "tensorflow"))


def _score(feed: VideoFeed[HashedVideo], scorers: Mapping[str, Scorer], spec: ModelSpec) -> Scored:
    """Run a video's views through all models; what is computed of one that then turns out damaged does not count."""
    video = feed.video.listed
    label = None if video.label is None else spec.labels.index(video.label)
    infer_s = dict.fromkeys(scorers, 0.0)
    prepare_s = 0.0
    rows: list[PredictionRow] = []
    num_views = 0

    def forget() -> None:
        nonlocal num_views
        rows.clear()
        infer_s.update(dict.fromkeys(scorers, 0.0))
        num_views = 0

    for view in feed.views():
        if not isinstance(view, Clip):
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
            if computed.shape != (spec.num_classes,):
                raise ResultError(f"model {name!r} tells {computed.size} classes apart; {spec.num_classes} have names")
            prepare_s += prepared - started
            infer_s[name] += time.perf_counter() - prepared
            rows.append(prediction_row(video.path, name, num_views, view, label, computed))
        num_views += 1
    outcome = feed.outcome
    assert outcome is not None
    error = outcome.error
    if error is not None:
        forget()
    reason = None if error is None else f"{type(error).__name__}: {error.message}"
    return rows, {
        **done_video(video, spec.labels, reason, feed.video.sha256),
        "warnings": list(outcome.warnings) if error is None else [],
        "num_views": num_views,
        "decode_s": round(outcome.decode_s, 6),
        "wait_s": round(feed.wait_s, 6),
        "prepare_s": round(prepare_s, 6),
        "infer_s": {name: round(seconds, 6) for name, seconds in infer_s.items()},
    }


def done_video(video: ListedVideo, labels: LabelSet, reason: str | None, sha256: str | None) -> DoneVideo:
    """Return what is written of a video for which nothing was computed yet."""
    return {
        "video": video.path,
        "label": None if video.label is None else labels.index(video.label),
        "reason": reason,
        "sha256": sha256,
        "warnings": [],
        "num_views": 0,
        "decode_s": 0.0,
        "wait_s": 0.0,
        "prepare_s": 0.0,
        "infer_s": {},
        "elapsed_s": 0.0,
        "end": 0,
        "check": "",
    }


def _no_labels(list_path: str, which: str) -> ListError:
    return ListError(f"list {list_path!r} has no labels to score: none of its {which} videos has one")
