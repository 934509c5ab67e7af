"""`i3d accuracy`: how often is the model right?"""

import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    COUNT,
    PATH,
    Command,
    Group,
    cluster_options,
    device_option,
    flow_option,
    force_option,
    json_option,
    note,
    output_option,
    precision_option,
    print_lines,
    quiet_option,
    spec_option,
)
from i3d_edge.cli._dataset import list_options
from i3d_edge.cli.accuracy_gate import baseline, compare
from i3d_edge.cli.subset import subset


@click.group("accuracy", cls=Group, context_settings=CONTEXT_SETTINGS)
def accuracy() -> None:
    """Measure top-1 and top-5 accuracy, and gate a build on them."""


@click.command(cls=Command)
@click.argument("list_path", type=PATH, metavar="MANIFEST|LIST")
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
@click.option("--graph", type=PATH, help="Also score this frozen graph.")
@click.option("-o", "--output", "folder", type=PATH, required=True, help="Folder for results.")
@click.option("--protocol", metavar="NAME[@VERSION]", help="Protocol: which views of a video count.  [default: centre]")
@click.option("--num-clips", type=COUNT, help="Evenly spaced clips per video, instead of a protocol.")
@click.option("--shard", metavar="K/N", help="Only every N-th video, from the K-th on; `merge` joins such runs.")
@list_options
@click.option("--decoders", "num_decoders", type=COUNT, default=2, help="Decoding threads.")
@cluster_options
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


@click.command("merge", cls=Command)
@click.argument("runs", type=PATH, metavar="RUN...", nargs=-1, required=True)
@click.option("-o", "--output", "folder", type=PATH, required=True, help="Folder for the whole.")
@force_option
def merge(runs: tuple[Path, ...], folder: Path, force: bool) -> None:
    """Join runs over slices of one list.

    Each RUN is a folder of `i3d accuracy run --shard K/N`, made on any machine. The result is that of one run over the
    whole list. It is refused if a slice is missing or the runs do not belong together.

    \b
    Example:
      i3d accuracy merge part1 part2 part3 -o results
    """
    from i3d_edge.accuracy.report.text import format_result
    from i3d_edge.api import accuracy as api

    click.echo(format_result(api.merge_runs(runs, folder, force=force)))
    print_lines(f"written: {folder / 'result.json'}, {folder / 'predictions.jsonl'}")


@click.command("score", cls=Command)
@click.argument("folder", type=PATH, metavar="RUN")
@json_option
def score(folder: Path, as_json: bool) -> None:
    """Recompute the scores of a run, without inference.

    RUN is a folder of `i3d accuracy run`. The scores are computed again from predictions.jsonl and must equal those of
    result.json. Files that were truncated or edited are refused, with the line at fault.

    \b
    Example:
      i3d accuracy score results
    """
    from i3d_edge.accuracy.report.text import format_scores
    from i3d_edge.accuracy.result.recorded_run import read_run, score_run

    run = read_run(folder)
    scores = score_run(run)
    if as_json:
        document = {name: {"metrics": own.metrics, "details": own.details} for name, own in scores.items()}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(format_scores(run, scores))
        print_lines(f"recomputed from {run.folder / 'predictions.jsonl'}, and as result.json says")


@click.command("report", cls=Command)
@click.argument("run_names", metavar="RUN[:NAME]...", nargs=-1, required=True)
@output_option("HTML page to write; one self-contained file.")
@click.option("--videos", "root", type=PATH, help="Folder of the videos.  [default: as in the run]")
@click.option("--no-thumbnails", is_flag=True, help="Show no pictures of videos.")
@click.option("--explain", "explains", is_flag=True, help="Draw where each model saw its answer; runs it again.")
@click.option("--by-likeness", is_flag=True, help="Show all videos, alike ones side by side; runs a model again.")
@force_option
def report(run_names: tuple[str, ...], output: Path, no_thumbnails: bool, **options: Any) -> None:
    """Write one or more runs as a page.

    RUN is a folder of `i3d accuracy run`; with NAME, only that model of it is shown. The page has accuracy with
    intervals, speed against accuracy, classes, confusions, and the videos whose answer changed. The first model of
    each protocol and set of videos is the one that the others are compared with.

    \b
    Example:
      i3d accuracy report results results-10x3:int8 -o report.html
    """
    from i3d_edge.api import accuracy as api

    api.write_report(run_names, output, with_thumbnails=not no_thumbnails, **options)
    print_lines(f"written: {output}")


for _command in (subset, run, merge, score, baseline, compare, report):
    accuracy.add_command(_command)
