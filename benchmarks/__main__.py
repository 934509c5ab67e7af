"""`python -m benchmarks`: ours beside what a user would pick instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, force_option, note, output_option, quiet_option

if TYPE_CHECKING:
    from benchmarks.rival import Task
    from i3d_edge.core.processor import Processor

_NUM_CLIPS = 24


@click.command(cls=Command)
@click.argument("graph", type=click.Path(path_type=Path), metavar="GRAPH.pb")
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="VIDEO...")
@output_option("The result, a JSON file.")
@click.option("--rounds", type=click.IntRange(min=1), default=15, show_default=True, help="Timings of each rival.")
@click.option("--clips", default="given videos", show_default=True, help="What the videos are, for the record.")
@force_option
@quiet_option
def main(graph: Path, videos: tuple[Path, ...], output: Path, rounds: int, clips: str, force: bool) -> None:
    """Time TensorFlow, OpenVINO and i3d-edge on GRAPH.pb, taking turns in one run.

    INT8 models are all calibrated on the same clips of the videos, cut as `i3d quantize` cuts them. Each rival's
    answers are compared with TensorFlow's. A rival that computes another network ends the run.

    \b
    Example:
      python -m benchmarks rgb_scratch.pb clips/*.mp4 -o result.json
    """
    from benchmarks.rivals import RIVALS
    from benchmarks.run import measure
    from i3d_edge.core.files import check_output, make_folder, write_text
    from i3d_edge.core.processor import read_processor

    check_output(output, force=force)
    processor = read_processor()
    folder = output.absolute().with_suffix(".work")  # kept after a failure, for what the rivals said
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    task = _prepare(graph, videos, folder, processor)
    result = measure(RIVALS, task, processor, clips=clips, rounds=rounds)
    write_text(output, json.dumps(result, indent=1) + "\n", force=force)
    shutil.rmtree(folder)


def _prepare(graph: Path, videos: tuple[Path, ...], folder: Path, processor: Processor) -> Task:
    """Cut the clips that all rivals are given."""
    import numpy as np

    from benchmarks.rival import Task
    from benchmarks.run import num_cores
    from i3d_edge.convert.quantization import calibration_clips
    from i3d_edge.core.errors import FrozenGraphError
    from i3d_edge.freeze.graph_def import read_graph_def
    from i3d_edge.runtime.frames.sources import video_source

    spec = read_graph_def(graph).spec
    if spec is None:
        raise FrozenGraphError(
            f"frozen graph {str(graph)!r} does not describe itself", hint="freeze it again with `i3d freeze`"
        )
    videos = tuple(path.absolute() for path in videos)
    cut, skipped = calibration_clips([video_source(path) for path in videos], spec, num_clips=_NUM_CLIPS, seed=0)
    for path, reason in skipped:
        note(f"skipped {path}: {reason}")
    clips = folder / "clips.npy"
    np.save(clips, np.stack(cut))
    return Task(
        graph=graph.absolute(),
        spec=spec,
        clips=clips,
        num_clips=len(cut),
        videos=videos,
        folder=folder,
        num_threads=num_cores(processor),
    )


if __name__ == "__main__":
    main()
