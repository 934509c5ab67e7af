"""`i3d accuracy`: how often is the model right?"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    Command,
    device_option,
    flow_option,
    force_option,
    note,
    precision_option,
    quiet_option,
    spec_option,
    terminated_as_interrupted,
)
from i3d_edge.cli._dataset import DataSetOptions, dataset_options
from i3d_edge.cli._scorers import GRAPH_NAME, ModelOptions, graph_scorer, ir_scorers, whole_video_scorers
from i3d_edge.cli.accuracy_gate import baseline, compare
from i3d_edge.cli.accuracy_report import report
from i3d_edge.cli.accuracy_score import reference, score
from i3d_edge.cli.subset import subset

if TYPE_CHECKING:
    from i3d_edge.runtime import FlowMethod


@click.group("accuracy", context_settings=CONTEXT_SETTINGS)
def accuracy() -> None:
    """Measure top-1 and top-5 on a list of videos, and hold a later run to what an earlier one had."""


@click.command(cls=Command)
@click.argument("list_path", type=click.Path(path_type=Path), metavar="MANIFEST|LIST")
@click.option(
    "--model",
    "model_texts",
    metavar="[NAME=]IR[@PRECISION][@DEVICE]",
    type=click.Path(),
    multiple=True,
    envvar="I3D_MODEL",
    show_envvar=True,
    help="The IR's .xml; repeat it to score several on the same decoded frames.",
)
@spec_option
@click.option("--graph", "graph_path", type=click.Path(path_type=Path), help="Score this frozen graph beside the IR.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the result.")
@click.option(
    "--protocol", "protocol", metavar="NAME", help="Which views are taken; docs/protocols.md.  [default: centre]"
)
@click.option("--num-clips", type=click.IntRange(min=1), help="Equally spaced clips per video, instead of a protocol.")
@dataset_options
@click.option("--verify", "verifies", is_flag=True, help="Read and hash every video of a manifest, changed or not.")
@click.option(
    "--decoders", "num_workers", type=click.IntRange(min=1), default=2, show_default=True, help="Threads that decode."
)
@flow_option
@device_option
@precision_option
@force_option
@quiet_option
def run(
    list_path: Path,
    model_texts: tuple[str, ...],
    spec_path: Path | None,
    graph_path: Path | None,
    folder: Path,
    protocol: str | None,
    num_clips: int | None,
    reading: DataSetOptions,
    verifies: bool,
    num_workers: int,
    flow: FlowMethod | None,
    device: str,
    inference_precision: str | None,
    force: bool,
) -> None:
    """Score IRs on the videos of a manifest or a list.

    A LIST, or a folder, is anything that docs/datasets.md names, for instance a CSV with the columns path and label.
    Relative paths start at the list's folder. A video that cannot be decoded is dropped with its reason; one without a
    label is counted, not scored. result.json and predictions.jsonl are written to the folder. A run that was
    interrupted or killed goes on where it was when the same command is given again; one that is complete is only
    printed.

    \b
    Example:
      i3d accuracy run val400.json --model rgb.xml --model int8=rgb_int8.xml -o results
    """
    from i3d_edge import accuracy as room

    if protocol is not None and num_clips is not None:
        raise click.UsageError("--protocol and --num-clips are two ways to say the same: give one")
    preset = replace(room.spread(num_clips or 1) if protocol is None else room.find_preset(protocol), flow=flow)
    defaults = ModelOptions(device, inference_precision, spec_path)
    with ExitStack() as stack:
        stack.enter_context(terminated_as_interrupted())
        if preset.views.placement == "whole":
            given = click.get_current_context().get_parameter_source("model_texts")
            told = () if given is ParameterSource.ENVIRONMENT else model_texts
            spec, scorers = whole_video_scorers(told, graph_path, folder, defaults)
        else:
            spec, scorers = ir_scorers(model_texts, defaults)
            if graph_path is not None:
                if GRAPH_NAME in scorers:
                    raise click.UsageError(f"{GRAPH_NAME!r} is the name of --graph: give --model another, NAME=IR")
                scorers[GRAPH_NAME] = graph_scorer(graph_path, spec, stack)
        preset.plan(spec)
        digest = None
        if room.is_manifest(list_path):
            reading.require_list_options_unused(list_path)
            manifest = room.read_manifest(list_path)
            videos = manifest.videos(spec.labels, root=reading.root)
            room.verify_videos(manifest, root=reading.root, force=verifies)
            digest = manifest.digest
        else:
            videos = list(reading.read(list_path, spec.labels).videos)
        result = room.run_accuracy(
            videos,
            scorers,
            spec,
            folder,
            list_path=list_path,
            root=reading.root,
            manifest_digest=digest,
            preset=preset,
            num_workers=num_workers,
            on_resume=lambda num_done: note(_going_on(num_done, len(videos))),
            on_interrupt=lambda num_done: note(
                f"{num_done} of {len(videos)} videos are kept in {folder}; the same command goes on"
            ),
            force=force,
        )
    click.echo(room.format_result(result))
    click.echo(f"written: {folder / 'result.json'}, {folder / 'predictions.jsonl'}")


def _going_on(num_done: int, num_videos: int) -> str:
    if num_done == num_videos:
        return f"complete already: all {num_videos} videos are done; --force runs them again"
    return f"going on after {num_done} of {num_videos} videos"


for _command in (subset, run, score, baseline, compare, report, reference):
    accuracy.add_command(_command)
