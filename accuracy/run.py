"""An accuracy run: every video of a list through one or more models, scored, and written down."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from accuracy.aggregation import MEAN_OF_PROBABILITIES
from accuracy.dataset import ListedVideo
from accuracy.metrics import ScoredView
from accuracy.result_schema import (
    PREDICTIONS_NAME,
    RESULT_NAME,
    SCHEMA_VERSION,
    Counts,
    Dropped,
    Labels,
    ModelInfo,
    Protocol,
    Result,
    Where,
)
from accuracy.scoring import score_views
from i3d_edge.errors import ListError, VideoError
from i3d_edge.files import check_output, sha256_file, staged, write_text
from i3d_edge.progress import track
from i3d_edge.spec import ModelSpec
from runtime import Clip, VideoClips, read_clips

_PROBABILITY_DIGITS = 6
_PACKAGES = ("openvino", "i3d-edge", "av", "numpy", "opencv-contrib-python-headless", "tensorflow")

FloatArray = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model to be scored.

    Attributes:
        info: What it is.
        run: Takes a clip; returns probabilities, shape (num_classes,).
    """

    info: ModelInfo
    run: Callable[[Clip], FloatArray]


@dataclass
class _Tally:
    """What has been seen so far."""

    views: dict[str, list[ScoredView]]
    infer_s: dict[str, float]
    decode_s: float = 0.0
    num_decoded: int = 0
    num_unlabelled: int = 0
    dropped: list[Dropped] = field(default_factory=list)
    warnings: dict[str, list[str]] = field(default_factory=dict)


def run_accuracy(
    videos: Sequence[ListedVideo],
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    folder: Path,
    *,
    list_path: Path,
    num_clips: int = 1,
    force: bool = False,
) -> Result:
    """Score models on a list of videos; each video is decoded once for all of them.

    Writes `predictions.jsonl`, a row per view and model with all probabilities, and `result.json`, which
    recomputes from it. A video that cannot be decoded is dropped with its reason; the run goes on.

    Args:
        videos: From `read_list`.
        scorers: Models by name; they share `spec`'s clip.
        spec: Decides clips and labels.
        folder: Where the two files go.
        list_path: Where `videos` come from; recorded.
        num_clips: Temporal positions per video; 1 is the centre clip.
        force: Replace an existing result.

    Raises:
        ListError: If no video could be scored.
        OutputError: If a result exists (without `force`) or the folder cannot be written.
    """
    started = time.perf_counter()
    check_output(folder / RESULT_NAME, force=force)
    tally = _Tally(views={name: [] for name in scorers}, infer_s=dict.fromkeys(scorers, 0.0))
    with staged(folder / PREDICTIONS_NAME, force=True) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for video in track(videos, total=len(videos), title="scoring", unit="video"):
            clips = _decode(video, spec, num_clips, tally)
            if clips is not None:
                _score(video, clips, scorers, spec, tally, stream)
        if not any(tally.views.values()):
            raise _nothing_scored(list_path, tally)
    scores = {name: score_views(views) for name, views in tally.views.items()}
    result = Result(
        schema_version=SCHEMA_VERSION,
        what={name: scorer.info for name, scorer in scorers.items()},
        how=_protocol(spec, num_clips),
        where=_where(),
        list=str(list_path),
        counts=Counts(
            listed=len(videos),
            decoded=tally.num_decoded,
            unlabelled=tally.num_unlabelled,
            scored=tally.num_decoded - tally.num_unlabelled,
            dropped=tally.dropped,
        ),
        metrics={name: score.metrics for name, score in scores.items()},
        details={name: score.details for name, score in scores.items()},
        labels=Labels(name=spec.labels.name, names=list(spec.labels.names)),
        predictions_sha256=sha256_file(folder / PREDICTIONS_NAME),
        warnings=tally.warnings,
        time={
            "total_s": round(time.perf_counter() - started, 3),
            "decode_s": round(tally.decode_s, 3),
            "infer_s": {name: round(seconds, 3) for name, seconds in tally.infer_s.items()},
        },
    )
    write_text(folder / RESULT_NAME, json.dumps(result, indent=2, ensure_ascii=False) + "\n", force=True)
    return result


def _decode(video: ListedVideo, spec: ModelSpec, num_clips: int, tally: _Tally) -> VideoClips | None:
    started = time.perf_counter()
    try:
        clips = read_clips(video.file, spec, num_clips=num_clips)
    except VideoError as error:
        tally.dropped.append({"path": video.path, "reason": f"{type(error).__name__}: {error.message}"})
        return None
    finally:
        tally.decode_s += time.perf_counter() - started
    tally.num_decoded += 1
    if clips.warnings:
        tally.warnings[video.path] = list(clips.warnings)
    return clips


def _score(
    video: ListedVideo,
    clips: VideoClips,
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    tally: _Tally,
    stream: TextIO,
) -> None:
    label = None if video.label is None else spec.labels.index(video.label)
    tally.num_unlabelled += label is None
    for name, scorer in scorers.items():
        for number, clip in enumerate(clips.clips):
            started = time.perf_counter()
            computed = scorer.run(clip)
            tally.infer_s[name] += time.perf_counter() - started
            # What is written is what is scored, so that the metrics recompute exactly.
            probabilities = [float(f"{value:.{_PROBABILITY_DIGITS}g}") for value in computed]
            if label is not None:
                tally.views[name].append(ScoredView(video.path, label, np.array(probabilities)))
            row = {
                "video": video.path,
                "model": name,
                "view": number,
                "start_s": clip.start_s,
                "end_s": clip.end_s,
                "label": label,
                "probs": probabilities,
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _nothing_scored(list_path: Path, tally: _Tally) -> ListError:
    if tally.num_unlabelled:
        return ListError(f"list {str(list_path)!r} must have labels to score; none of its decodable videos has one")
    first = tally.dropped[0]
    return ListError(
        f"list {str(list_path)!r} must have a video that can be decoded; all {len(tally.dropped)} were dropped, "
        f"the first one because of {first['reason']}",
        hint="a relative path in a list starts at the list's own folder",
    )


def _protocol(spec: ModelSpec, num_clips: int) -> Protocol:
    return Protocol(
        num_frames=spec.num_frames,
        frame_stride=1,
        frame_rate_fps=spec.frame_rate_fps,
        num_clips=num_clips,
        num_crops=1,
        short_side_px=spec.short_side_px,
        crop_px=spec.crop_px,
        interpolation="bilinear; area below one half",
        aggregation=MEAN_OF_PROBABILITIES,
    )


def _where() -> Where:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return Where(cpu=_cpu_name(), num_cpus=os.cpu_count() or 1, os=sys.platform, versions=versions)


def _cpu_name() -> str:
    """Return the processor's model name where the system tells it, else its architecture."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            return next(line.partition(":")[2].strip() for line in stream if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
