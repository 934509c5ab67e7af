"""`python -m benchmarks.continuous`: how far continuous steps are from windows, on whole videos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import openvino as ov
from tabulate import tabulate

from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.accuracy.result.metrics import rank_of
from i3d_edge.cli._base import Command, note, precision_option, print_lines, quiet_option
from i3d_edge.core.arrays import Array, Float32Array, FloatArray
from i3d_edge.core.errors import VideoError
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FrameSource, ViewOptions, ViewPlan, ViewReader, model_inputs, read_ir
from i3d_edge.runtime.frames.sources import read_whole, source_of_path
from i3d_edge.runtime.inference.answers import to_probabilities
from i3d_edge.runtime.steps.emitter import emit_steps

_SHIFT = 40
"""How far windows are shifted to see how much answers change anyway, in frames; a whole number of hops at least."""

_NUM_RESAMPLES = 10_000
_TINY = np.finfo(np.float32).tiny

Answers = tuple[Array, Array, Array]
"""Of windows, continuous steps and earlier windows to one video, shape (answers, num_classes) each."""


@click.command(cls=Command)
@click.argument("ir_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.argument("list_path", type=click.Path(path_type=Path), metavar="LIST")
@click.option("--videos", "root", type=click.Path(path_type=Path), help="Folder of the videos.  [default: the list's]")
@click.option(
    "--hop", type=click.IntRange(1, 24), default=8, show_default=True, help="Frames from one answer to the next."
)
@precision_option
@quiet_option
def main(ir_path: Path, list_path: Path, root: Path | None, hop: int, inference_precision: str | None) -> None:
    """Compare continuous steps of MODEL.xml with windows, on all videos of LIST that are long enough.

    An exact step model answers for windows, with less work. Videos without a label tell how far the two agree.

    \b
    Example:
      python -m benchmarks.continuous rgb_scratch.xml clips.csv
    """
    window, spec = read_ir(ir_path)
    videos = read_dataset(list_path, spec.labels, ListOptions(root=root)).videos
    follower = _Follower(window, spec, hop, inference_precision)
    clips: list[tuple[int, Answers]] = []
    for video in track(videos, total=len(videos), title="following", unit="video"):
        try:
            answers = read_whole(source_of_path(video.file, spec), follower.follow)
        except VideoError as error:
            note(f"skipped {video.path}: {error}")
            continue
        if answers is not None:
            clips.append((-1 if video.label is None else spec.labels.index(video.label), answers))
    if not clips:
        raise VideoError(f"no video of {str(list_path)!r} is long enough for continuous steps")
    print_lines(*table(clips, hop * -(-_SHIFT // hop)).splitlines())


class _Follower:
    """Two step models of an IR, compiled: exact and continuous ones."""

    def __init__(self, window: ov.Model, spec: ModelSpec, hop: int, precision: str | None) -> None:
        self._spec, self._hop = spec, hop
        exact = emit_steps(window, spec.time_axes, hop=hop, mode="exact")
        continuous = emit_steps(window, spec.time_axes, hop=hop, mode="continuous")
        self._warm_up, self._back = exact.warm_up, -(-_SHIFT // hop)
        self._skipped = max(continuous.warm_up - exact.warm_up, self._back)
        properties = {"PERFORMANCE_HINT": "LATENCY"}
        if precision is not None:
            properties["INFERENCE_PRECISION_HINT"] = precision
        self._requests = [
            ov.Core().compile_model(emitted.model, "CPU", properties).create_infer_request()
            for emitted in (exact, continuous)
        ]

    def follow(self, frames: FrameSource) -> Answers | None:
        """Return the answers to a video, from where continuous ones count; None if it is too short for any."""
        plan = replace(ViewPlan.of_spec(self._spec, ViewOptions(hop=self._hop)), num_frames=self._hop)
        reader = ViewReader(frames, plan)
        num_steps = reader.num_samples // self._hop  # frames that remain are no step; the last view repeats others
        if num_steps < self._warm_up + self._skipped:
            return None
        for request in self._requests:
            request.reset_state()
        answers = []
        for _, view in zip(range(num_steps), reader, strict=False):
            inputs = model_inputs(view, self._spec)
            answers.append([self._answer(request, inputs) for request in self._requests])
        windowed, continuous = np.stack(answers[self._warm_up - 1 :], axis=1)
        first = self._skipped
        return windowed[first:], continuous[first:], windowed[first - self._back : -self._back]

    def _answer(self, request: ov.InferRequest, inputs: Mapping[str, Array]) -> Float32Array:
        request.infer({name: np.ascontiguousarray(values) for name, values in inputs.items()})
        [answer] = to_probabilities(request.get_tensor(self._spec.head.output).data, self._spec)
        return np.asarray(answer)


def table(clips: Sequence[tuple[int, Answers]], num_back: int) -> str:
    """Return how continuous answers, and windows so many frames earlier, compare with windows; class -1 is unknown."""
    labelled = [(label, answers) for label, answers in clips if label >= 0]
    best = [[each.argmax(axis=-1) for each in answers] for _, answers in clips]
    rows = [
        ["best class is the window's, %", ""]
        + [_interval([100.0 * (one[0] == one[column]) for one in best], ".1f") for column in (1, 2)],
        ["mean KL from windows, nats", ""]
        + [_interval([divergence(answers[0], answers[column]) for _, answers in clips], ".3f") for column in (1, 2)],
    ]
    for name, measure in _MEASURES.items() if labelled else ():
        own, *others = ([100 * measure(answers[column], label) for label, answers in labelled] for column in (0, 1, 2))
        changes = [[b - a for a, b in zip(own, other, strict=True)] for other in others]
        cells = [
            f"{cluster_mean(other)[0]:.1f}; {_interval(change, '+.1f')}"
            for other, change in zip(others, changes, strict=True)
        ]
        rows.append([name, _interval(own, ".1f"), *cells])
    right = np.array([[majority(each) == label for each in answers] for label, answers in labelled]).reshape(-1, 3)
    lost_gained = [f"{sum(right[:, 0] > other)}, {sum(right[:, 0] < other)} of {len(right)}" for other in right.T[1:]]
    rows.append(["clips lost, gained by majority", "", *lost_gained])
    return tabulate(rows, ["", "windows", "continuous", f"windows {num_back} frames earlier"], tablefmt="github")


def divergence(before: Array, after: Array) -> FloatArray:
    """Return Kullback and Leibler's divergence of `after` from `before`, shape (..., num_classes) each, in nats."""
    before, after = np.maximum(before, _TINY), np.maximum(after, _TINY)
    found: FloatArray = np.sum(before * np.log(before / after), axis=-1, dtype=np.float64)
    return found


def cluster_mean(values: Sequence[Array]) -> tuple[float, float, float]:
    """Return the mean over all windows, and its 95 % interval, for which whole videos, (windows,) each, are drawn anew.

    Windows of one video are not independent.
    """
    sums = np.array([np.sum(of_video, dtype=np.float64) for of_video in values])
    counts = np.array([len(of_video) for of_video in values])
    drawn = np.random.default_rng(0).integers(len(values), size=(_NUM_RESAMPLES, len(values)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return float(sums.sum() / counts.sum()), float(low), float(high)


def majority(answers: Array) -> int:
    """Return the class that is best most often, shape (windows, num_classes); of equal ones the lowest."""
    return int(np.bincount(answers.argmax(axis=-1)).argmax())


def _interval(values: Sequence[Array], form: str) -> str:
    mean, low, high = (format(value, form) for value in cluster_mean(values))
    return f"{mean} ({low} to {high})"


def _is_among(answers: Array, label: int, k: int) -> FloatArray:
    return np.array([rank_of(label, answer) < k for answer in answers], float)


_MEASURES: Mapping[str, Callable[[Array, int], FloatArray]] = {
    "label top-1, %": lambda answers, label: _is_among(answers, label, 1),
    "the same, clips counting alike, %": lambda answers, label: _is_among(answers, label, 1).mean(keepdims=True),
    "label top-5, %": lambda answers, label: _is_among(answers, label, 5),
    "probability of the label, %": lambda answers, label: answers[:, label].astype(float),
}


if __name__ == "__main__":
    main()
