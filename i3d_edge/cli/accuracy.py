"""`i3d accuracy`: how often is the model right?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    Command,
    Group,
    device_option,
    flow_option,
    force_option,
    note,
    precision_option,
    print_lines,
    quiet_option,
    spec_option,
)
from i3d_edge.cli._dataset import list_options
from i3d_edge.cli.accuracy_gate import baseline, compare
from i3d_edge.cli.accuracy_report import report
from i3d_edge.cli.accuracy_score import score
from i3d_edge.cli.subset import subset


@click.group("accuracy", cls=Group, context_settings=CONTEXT_SETTINGS)
def accuracy() -> None:
    """Measure top-1 and top-5 accuracy, and gate a build on them."""


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
    help="The IR's .xml. Repeat to score several models on the same frames.",
)
@spec_option
@click.option("--graph", type=click.Path(path_type=Path), help="Also score this frozen graph.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder for results.")
@click.option("--protocol", metavar="NAME[@VERSION]", help="Protocol: which views of a video count.  [default: centre]")
@click.option("--num-clips", type=click.IntRange(min=1), help="Evenly spaced clips per video, instead of a protocol.")
@list_options
@click.option(
    "--decoders", "num_decoders", type=click.IntRange(min=1), default=2, show_default=True, help="Decoding threads."
)
@flow_option
@device_option
@precision_option
@force_option
@quiet_option
def run(list_path: Path, model_texts: tuple[str, ...], folder: Path, protocol: str | None, **options: Any) -> None:
    """Score models on the videos of a manifest, a list or a folder.

    A list can be a CSV with the columns path and label, Kinetics' own CSV, or another known format.
    Videos that cannot be decoded are dropped, with the reason in the result. Run the same command again to go on with
    a run that was interrupted.

    \b
    Example:
      i3d accuracy run val400.json --model rgb.xml --model int8=rgb_int8.xml -o results
    """
    from i3d_edge.accuracy.report.text import format_result
    from i3d_edge.accuracy.run.protocol import find_preset
    from i3d_edge.api import accuracy as api

    source = click.get_current_context().get_parameter_source("model_texts")
    shows_whole = protocol is not None and find_preset(protocol).views.placement == "whole"
    if source is ParameterSource.ENVIRONMENT and shows_whole:
        model_texts = ()
    result = api.run_accuracy(list_path, model_texts, folder, protocol=protocol, say=note, **options)
    click.echo(format_result(result))
    print_lines(f"written: {folder / 'result.json'}, {folder / 'predictions.jsonl'}")


for _command in (subset, run, score, baseline, compare, report):
    accuracy.add_command(_command)
