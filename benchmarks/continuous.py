"""`python -m benchmarks.continuous`: what windows and continuous steps answer, on whole videos."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import openvino as ov

from benchmarks.agreement import Answers
from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.cli._base import Command, note, output_option, precision_option, quiet_option
from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import VideoError
from i3d_edge.core.files import make_folder
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FrameSource, ViewOptions, ViewPlan, ViewReader, model_inputs, read_ir
from i3d_edge.runtime.frames.sources import read_whole, source_of_path
from i3d_edge.runtime.inference.answers import to_probabilities
from i3d_edge.runtime.steps.emitter import emit_steps


@click.command(cls=Command)
@click.argument("ir_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.argument("list_path", type=click.Path(path_type=Path), metavar="LIST")
@click.option("--videos", "root", type=click.Path(path_type=Path), help="Folder of the videos.  [default: the list's]")
@click.option(
    "--hop", type=click.IntRange(1, 24), default=8, show_default=True, help="Frames from one answer to the next."
)
@output_option("Folder for the answers, a file for each video.")
@precision_option
@quiet_option
def main(
    ir_path: Path, list_path: Path, root: Path | None, hop: int, output: Path, inference_precision: str | None
) -> None:
    """Record what windows and continuous steps of MODEL.xml answer, on all videos of LIST that are long enough.

    An exact step model answers for windows, with less work; MODEL.xml itself is given the last window of each video.
    Videos without a label tell how far the two agree.

    \b
    Example:
      python -m benchmarks.continuous rgb_scratch.xml clips.csv -o answers
      python -m benchmarks.agreement answers
    """
    window, spec = read_ir(ir_path)
    videos = read_dataset(list_path, spec.labels, ListOptions(root=root)).videos
    follower = _Follower(window, spec, hop, inference_precision)
    make_folder(output)
    for number, video in enumerate(track(videos, total=len(videos), title="following", unit="video")):
        try:
            answers = read_whole(source_of_path(video.file, spec), follower.follow)
        except VideoError as error:
            note(f"skipped {video.path}: {error}")
            continue
        if answers is not None:
            label = -1 if video.label is None else spec.labels.index(video.label)
            replace(answers, label=label).save(output / f"{number:04d}.npz")


class _Follower:
    """The three models of an IR, compiled: windows, exact steps, continuous steps."""

    def __init__(self, window: ov.Model, spec: ModelSpec, hop: int, precision: str | None) -> None:
        self._spec, self._hop, self._axis = spec, hop, spec.layout.index("D")
        exact = emit_steps(window, spec.time_axes, hop=hop, mode="exact")
        continuous = emit_steps(window, spec.time_axes, hop=hop, mode="continuous")
        self._first, self._steady = exact.warm_up, continuous.warm_up
        properties = {"PERFORMANCE_HINT": "LATENCY"}
        if precision is not None:
            properties["INFERENCE_PRECISION_HINT"] = precision
        self._window, self._exact, self._continuous = (
            ov.Core().compile_model(model, "CPU", properties).create_infer_request()
            for model in (window, exact.model, continuous.model)
        )

    def follow(self, frames: FrameSource) -> Answers | None:
        """Return the answers to a video, its label still unknown; None if it is too short for continuous ones."""
        hop, first = self._hop, self._first
        plan = replace(ViewPlan.of_spec(self._spec, ViewOptions(hop=hop)), num_frames=hop)
        reader = ViewReader(frames, plan)
        num_steps = reader.num_samples // hop  # frames that remain are no step; the reader's last view repeats others
        if num_steps < self._steady:
            return None
        self._exact.reset_state()
        self._continuous.reset_state()
        answers = []
        newest: deque[Mapping[str, Array]] = deque(maxlen=first)
        for _, view in zip(range(num_steps), reader, strict=False):
            newest.append(model_inputs(view, self._spec))
            answers.append([self._answer(request, newest[-1]) for request in (self._exact, self._continuous)])
        length = self._spec.num_frames
        last = {
            name: np.concatenate([step[name] for step in newest], self._axis).take(
                range(first * hop - length, first * hop), self._axis
            )
            for name in self._spec.inputs
        }
        windowed, continuous = np.stack(answers[first - 1 :], axis=1)
        return Answers(
            label=-1,
            num_frames=length,
            hop=hop,
            num_starting=self._steady - first,
            windowed=windowed,
            continuous=continuous,
            exact_difference=float(np.abs(self._answer(self._window, last) - windowed[-1]).max()),
        )

    def _answer(self, request: ov.InferRequest, inputs: Mapping[str, Array]) -> Float32Array:
        request.infer({name: np.ascontiguousarray(values) for name, values in inputs.items()})
        [answer] = to_probabilities(request.get_tensor(self._spec.head.output).data, self._spec)
        return np.asarray(answer)


if __name__ == "__main__":
    main()
