"""`python -m benchmarks`: ours beside what a user would pick instead."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, force_option, note, output_option, quiet_option

if TYPE_CHECKING:
    from benchmarks.rival import Task
    from i3d_edge.core.processor import Processor
    from i3d_edge.core.spec import ModelSpec

_NUM_COMPARED = 2


@click.command(cls=Command)
@click.argument("graph", type=click.Path(path_type=Path), metavar="GRAPH.pb")
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="VIDEO...")
@output_option("The result, a JSON file.")
@click.option("--rounds", type=click.IntRange(min=1), default=15, show_default=True, help="Timings of each rival.")
@click.option("--pause", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Seconds before each.")
@click.option("--num-clips", type=click.IntRange(min=2), default=24, show_default=True, help="Clips to calibrate on.")
@click.option("--clips", default="given videos", show_default=True, help="What the videos are, for the record.")
@click.option("--rival", "names", multiple=True, help="Measure only this one, beside the reference; may be repeated.")
@force_option
@quiet_option
def main(
    graph: Path,
    videos: tuple[Path, ...],
    output: Path,
    rounds: int,
    pause: float,
    num_clips: int,
    clips: str,
    names: tuple[str, ...],
    force: bool,
) -> None:
    """Time TensorFlow, ONNX Runtime, PyTorch, OpenVINO and i3d-edge on GRAPH.pb, taking turns in one run.

    INT8 models are all calibrated on the same clips of the videos, cut as `i3d quantize` cuts them. Each rival's
    answers are compared with TensorFlow's, and one that does not compute the same network ends the run.

    \b
    Example:
      python -m benchmarks rgb_imagenet.pb clips/*.mp4 -o result.json
    """
    from benchmarks.machine import hardware_class, slug
    from benchmarks.rivals import RIVALS
    from benchmarks.run import Schedule, measure
    from i3d_edge.core.files import check_output, make_folder, write_text
    from i3d_edge.core.processor import read_processor
    from i3d_edge.core.schema import to_json

    known = [rival.name for rival in RIVALS]
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(f"--rival must be one of {', '.join(map(repr, known))}; got {unknown[0]!r}")
    chosen = [rival for number, rival in enumerate(RIVALS) if not names or number == 0 or rival.name in names]
    check_output(output, force=force)
    spec = _spec_of(graph)
    processor = read_processor()
    note(f"{hardware_class(processor)}; as a file name: {slug(processor)}.json")
    folder = output.absolute().with_suffix(".work")  # kept after a failure, for what the rivals said
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    task = _prepare(graph, spec, videos, folder, num_clips, processor)
    result = measure(chosen, task, processor, Schedule(rounds, pause), clips=clips)
    write_text(output, to_json(result), force=force)
    shutil.rmtree(folder)


def _spec_of(graph: Path) -> ModelSpec:
    from i3d_edge.convert.graph_def import read_graph_def
    from i3d_edge.core.errors import FrozenGraphError

    spec = read_graph_def(graph).spec
    if spec is None:
        raise FrozenGraphError(
            f"frozen graph {str(graph)!r} does not describe itself", hint="freeze it again with `i3d freeze`"
        )
    return spec


def _prepare(
    graph: Path, spec: ModelSpec, videos: tuple[Path, ...], folder: Path, num_clips: int, processor: Processor
) -> Task:
    """Cut the clips that all rivals are given."""
    import numpy as np

    from benchmarks.machine import num_cores
    from benchmarks.rival import Task
    from i3d_edge.convert.quantization import calibration_clips

    videos = tuple(path.absolute() for path in videos)
    cut, skipped = calibration_clips(videos, spec, num_clips=num_clips, seed=0)
    for path, reason in skipped:
        note(f"skipped {path}: {reason}")
    np.save(folder / "calibration.npy", np.stack(cut))
    np.save(folder / "clips.npy", np.stack(cut[:_NUM_COMPARED]))
    return Task(
        graph=graph.absolute(),
        spec=spec,
        clips=folder / "clips.npy",
        calibration=folder / "calibration.npy",
        num_calibration=len(cut),
        videos=videos,
        folder=folder,
        num_threads=num_cores(processor),
    )


if __name__ == "__main__":
    main()
