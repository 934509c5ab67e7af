"""Accuracy control: which layers must keep a higher precision for a promise about answers to hold?

A promise is checked on clips of videos: how much do the INT8 model's answers lose against those of the model it was
made from, run in float32? While that is too much, the convolutions whose quantization hurts most get their own
weights and inputs back, as few of them as will do.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import openvino as ov

from i3d_edge.convert.quantizers import quantized_convolutions, restore
from i3d_edge.core.errors import CalibrationError, GateFailedError, GateUndecidedError, OutputError, VideoError
from i3d_edge.core.numbers import centred_logits
from i3d_edge.core.progress import track
from i3d_edge.core.spec import INPUT_NAME, NUMPY_TYPES, OUTPUT_NAME, ModelSpec
from i3d_edge.runtime import read_clips
from i3d_edge.runtime.inference.devices import compile_model

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

Views = Callable[[], Iterator[tuple[int, UInt8Array]]]
"""Gives a promise's views anew each time, the same ones: a label (-1 for none), and a clip (D, H, W, 3), uint8."""

Loss = Callable[[IntArray, Float32Array, Float32Array], float]
"""Labels (V,), probabilities of the reference (V, num_classes) and of a candidate -> what was lost, in [-1, 1]."""

_RANKING_VIEWS = 8


@dataclass(frozen=True, slots=True)
class Promise:
    """What an INT8 model must not lose.

    Attributes:
        title: In words, for instance "top-1 agreement of at least 98 %".
        limit: The largest loss that keeps it, above 0.
        views: What it is checked on.
        loss: How what is lost is counted.
    """

    title: str
    limit: float
    views: Views
    loss: Loss


@dataclass(frozen=True, slots=True)
class Trial:
    """One trade that was tried.

    Attributes:
        kept: Convolutions that were not quantized, by name, the most harmful first.
        losses: One for each promise.
        num_views: For each promise.
        view_ms: Median time of one inference. Unit: milliseconds.
    """

    kept: tuple[str, ...]
    losses: tuple[float, ...]
    num_views: tuple[int, ...]
    view_ms: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said to a promise's views: shapes (V,) and (V, num_classes)."""

    labels: IntArray
    probabilities: Float32Array
    view_ms: tuple[float, ...]


def split_videos(videos: Sequence[Path], *, seed: int) -> tuple[list[Path], list[Path]]:
    """Divide videos in two halves, to calibrate on and to check on; the same for the same videos in any order."""
    order = sorted(set(videos))
    np.random.default_rng(seed).shuffle(order)
    return order[1::2], order[::2]


def spread_views(videos: Sequence[tuple[Path, int]], spec: ModelSpec, *, num_clips: int) -> Views:
    """Return views that cut clips from labelled videos, spread over each; videos that cannot be decoded give none."""

    def views() -> Iterator[tuple[int, UInt8Array]]:
        for path, label in track(videos, total=len(videos), title="checking", unit="video"):
            with contextlib.suppress(VideoError):
                clips = {clip.start_s: clip.frames for clip in read_clips(path, spec, num_clips=num_clips).clips}
                yield from ((label, frames) for frames in clips.values())

    return views


def disagreement(_labels: IntArray, reference: Float32Array, candidate: Float32Array) -> float:
    """Return the fraction of views whose best class changed: a `Loss`."""
    return float(np.mean(reference.argmax(axis=1) != candidate.argmax(axis=1)))


def control_accuracy(
    plain: ov.Model, quantized: ov.Model, spec: ModelSpec, promises: Sequence[Promise]
) -> tuple[ov.Model, list[Trial]]:
    """Return the model with the fewest convolutions kept as they were that keeps all promises.

    And what was tried, that model last.

    Args:
        plain: What was quantized; runs in float32 as the reference.
        quantized: The INT8 model; runs as the CPU runs it by default.
        spec: Of both.
        promises: One at least.

    Raises:
        GateUndecidedError: If one view is more than a promise allows to lose, so that luck would decide.
        GateFailedError: If no number of kept convolutions keeps the promises.
        CalibrationError: If a promise has no view.
    """
    with tempfile.TemporaryFile() as file:  # so that no video is decoded twice, and memory stays bounded
        stored = [_store(promise.views(), file) for promise in promises]
        return _control(plain, quantized, spec, [replace(p, views=v) for p, v in zip(promises, stored, strict=True)])


def _control(
    plain: ov.Model, quantized: ov.Model, spec: ModelSpec, promises: Sequence[Promise]
) -> tuple[ov.Model, list[Trial]]:
    references = [_answers(plain, spec, promise.views, precision="f32") for promise in promises]
    for promise, reference in zip(promises, references, strict=True):
        _require_enough(promise, len(reference.labels))
    trials: list[Trial] = []

    def attempt(kept: Sequence[str]) -> bool:
        model = keep_precision(quantized, plain, kept)
        answers = [_answers(model, spec, promise.views) for promise in promises]
        losses = tuple(
            promise.loss(reference.labels, reference.probabilities, got.probabilities)
            for promise, reference, got in zip(promises, references, answers, strict=True)
        )
        times = [ms for got in answers for ms in got.view_ms]
        trials.append(Trial(tuple(kept), losses, tuple(len(got.labels) for got in answers), float(np.median(times))))
        return all(loss <= promise.limit for loss, promise in zip(losses, promises, strict=True))

    if attempt(()):
        return quantized, trials
    ranking = rank_layers(plain, quantized, spec, _spread(promises[0].views, trials[0].num_views[0]))
    count = _fewest(lambda count: attempt(ranking[:count]), len(ranking))
    if count is None:
        raise _failure(promises, trials)
    trials.sort(key=lambda trial: len(trial.kept) == count)
    return keep_precision(quantized, plain, ranking[:count]), trials


def rank_layers(plain: ov.Model, quantized: ov.Model, spec: ModelSpec, clips: Sequence[UInt8Array]) -> list[str]:
    """Order the quantized convolutions by how much less noise the answers have when one alone is not: the best first.

    Noise is the mean square of what the logits, less their own mean, differ by; that of several layers adds up.
    """
    reference = _run(plain, spec, clips, precision="f32")
    names = sorted(quantized_convolutions(quantized))
    distances = {}
    for name in track(names, total=len(names), title="ranking layers", unit="layer"):
        candidate = _run(keep_precision(quantized, plain, [name]), spec, clips)
        distances[name] = float(np.square(centred_logits(candidate) - centred_logits(reference)).mean())
    return sorted(names, key=lambda name: (distances[name], name))


def keep_precision(quantized: ov.Model, plain: ov.Model, names: Sequence[str]) -> ov.Model:
    """Return a copy of the INT8 model in which some convolutions have their weights, bias and input back."""
    result = quantized.clone()
    restore(result, plain, names)
    return result


def _fewest(holds: Callable[[int], bool], most: int) -> int | None:
    """Return the smallest count for which a condition holds, found by doubling and halving; None if not even `most`."""
    low, high = 0, 1
    while not holds(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def _require_enough(promise: Promise, num_views: int) -> None:
    if not num_views:
        raise CalibrationError(f"{promise.title} must be checked on one view at least; no video gave any")
    if num_views * promise.limit < 1:
        raise GateUndecidedError(
            f"{promise.title} must be checked on {int(np.ceil(1 / promise.limit - 1e-9))} views at least, "
            f"so that one of them does not decide; got {num_views}",
            hint="give more videos",
        )


def _failure(promises: Sequence[Promise], trials: Sequence[Trial]) -> GateFailedError:
    best = min(trials, key=lambda trial: (max(trial.losses), sum(trial.losses)))
    found = "; ".join(
        f"{promise.title}: {loss:.2%} of {num_views} views lost"
        for promise, loss, num_views in zip(promises, best.losses, best.num_views, strict=True)
    )
    return GateFailedError(
        f"promise must be kept with some convolutions not quantized; it is not, even with {len(best.kept)} of them: "
        f"{found}",
        hint="calibrate on more and other videos, or promise less",
    )


def _store(views: Iterator[tuple[int, UInt8Array]], file: IO[bytes]) -> Views:
    """Write views to the end of a file and return what reads them from there.

    Raises:
        OutputError: If the disk is full.
    """
    places: list[tuple[int, int, tuple[int, ...]]] = []
    for label, clip in views:
        try:
            places.append((label, file.seek(0, os.SEEK_END), clip.shape))
            file.write(np.ascontiguousarray(clip).data)
        except OSError as error:
            raise OutputError(
                f"temporary folder {tempfile.gettempdir()!r} must hold the views to check, {clip.nbytes >> 20} MiB "
                f"each; got {error.strerror}",
                hint="set TMPDIR to a folder on another disk",
            ) from error

    def read() -> Iterator[tuple[int, UInt8Array]]:
        file.flush()
        for label, offset, shape in places:
            yield label, np.memmap(file, np.uint8, "r", offset, shape)

    return read


def _spread(views: Views, num_views: int) -> list[UInt8Array]:
    """Return a few views, spread evenly over all."""
    chosen = set(np.linspace(0, num_views - 1, min(num_views, _RANKING_VIEWS)).round().astype(int).tolist())
    return [clip.copy() for number, (_, clip) in enumerate(views()) if number in chosen]


def _answers(model: ov.Model, spec: ModelSpec, views: Views, *, precision: str | None = None) -> Answers:
    infer = _compile(model, spec, precision)
    labels, rows, times = [], [], []
    for label, clip in views():
        started = time.perf_counter()
        rows.append(infer(clip))
        times.append((time.perf_counter() - started) * 1000)
        labels.append(label)
    return Answers(np.array(labels, np.int64), np.array(rows, np.float32), tuple(times))


def _run(
    model: ov.Model, spec: ModelSpec, clips: Sequence[UInt8Array], *, precision: str | None = None
) -> Float32Array:
    infer = _compile(model, spec, precision)
    return np.array([infer(clip) for clip in clips], np.float32)


def _compile(model: ov.Model, spec: ModelSpec, precision: str | None) -> Callable[[UInt8Array], Float32Array]:
    properties = {"PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        properties["INFERENCE_PRECISION_HINT"] = precision
    compiled = compile_model(model, "CPU", properties)
    output = compiled.output(OUTPUT_NAME)
    return lambda clip: np.array(compiled(feed_clip(clip, spec))[output][0])


def feed_clip(clip: UInt8Array, spec: ModelSpec) -> dict[str, npt.NDArray[np.generic]]:
    """Return a clip, shape (D, H, W, 3), uint8, as the batch that a model takes, by input name."""
    batch = spec.lay_out(np.repeat(clip[np.newaxis], spec.batch, axis=0))
    return {INPUT_NAME: np.ascontiguousarray(batch, dtype=NUMPY_TYPES[spec.element_type(INPUT_NAME)])}
