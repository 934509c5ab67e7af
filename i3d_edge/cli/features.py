"""`i3d features`: what the network's classifier would read, for other programs to learn from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import (
    Command,
    flow_option,
    force_option,
    frames_fps_option,
    model_option,
    note,
    output_option,
    print_error,
    print_lines,
    quiet_option,
    refuse_swapped,
)
from i3d_edge.cli._engine import EngineOptions, engine_options, note_engine
from i3d_edge.core.errors import I3DError
from i3d_edge.core.text import plural

if TYPE_CHECKING:
    from i3d_edge.api.features import FileFormat, Layer
    from i3d_edge.runtime import FlowMethod


@click.command(cls=Command)
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@model_option
@click.option(
    "--flow-model",
    type=click.Path(path_type=Path),
    help="The .xml of a model of optical flow: its features follow those of --model in each row.",
)
@output_option("The folder to write to. Videos whose features are there are left out.")
@click.option(
    "--stride",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="FRAMES",
    help="From one clip's start to the next one's, in frames at the model's rate.",
)
@click.option(
    "--layer",
    type=click.Choice(["embedding", "mean", "logits"]),
    default="embedding",
    show_default=True,
    help="What the classifier reads, the mean of the last feature map, or the classifier's logits.",
)
@click.option(
    "--ten-crop", is_flag=True, help="Take the centre and the corners of each frame, and their mirror images."
)
@click.option("--every-frame", is_flag=True, help="Take a video's own frames instead of the model's rate.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["rows", "per-crop", "ms-tcn"]),
    default="rows",
    show_default=True,
    help="One .npy with a row per clip; one per crop, NAME__0.npy and so on; or one with a column per frame.",
)
@frames_fps_option
@flow_option
@engine_options(has_mode=True)
@force_option
@quiet_option
def features(
    videos: tuple[str, ...],
    model_path: Path,
    flow_model: Path | None,
    output: Path,
    stride: int,
    layer: Layer,
    ten_crop: bool,
    every_frame: bool,
    file_format: FileFormat,
    frames_fps: Fraction | None,
    flow: FlowMethod | None,
    engine: EngineOptions,
    force: bool,
) -> None:
    """Write the features of videos: NAME.npy, and NAME.json, which says what they are.

    A VIDEO is a file, a quoted pattern, a folder of videos, a folder of numbered images, or a .npy clip. A video that
    cannot be read does not stop the others; the exit code is then 1.

    \b
    Example:
      i3d features clips --model rgb_scratch.xml -o features
      i3d features clips --model rgb.xml --flow-model flow.xml --stride 4 -o features
    """
    from i3d_edge.api.features import FeatureExtractor, FeatureFolder, FeatureOptions, Features
    from i3d_edge.core.progress import track
    from i3d_edge.runtime import find_sources

    if "-" in videos:
        raise click.UsageError("features are named after their videos: give files, not standard input")
    refuse_swapped(model_path, videos)
    options = FeatureOptions(
        stride=stride, layer=layer, ten_crop=ten_crop, every_frame=every_frame, frames_fps=frames_fps
    )
    models = [model_path, *([flow_model] if flow_model else [])]
    arguments = engine.arguments(model_path, mode="throughput")
    arguments["spec"] = arguments.pop("spec_path")
    num_failed = 0
    with (
        FeatureExtractor(models, options, flow=flow, **arguments) as extractor,
        find_sources(videos, extractor.spec, frames_fps=frames_fps) as sources,
    ):
        folder = FeatureFolder(output, extractor.settings, file_format=file_format, force=force)
        pending = folder.pending(sources)
        for path, each in zip(models, extractor.engines, strict=True):
            note_engine(path, each)
        if num_done := len(sources) - len(pending):
            note(f"{plural(num_done, 'video')} done already")
        results = track(extractor.extract(pending), total=len(pending), title="extracting", unit="video")
        for source, found in zip(pending, results, strict=True):
            if not isinstance(found, Features):
                print_error(found)
                num_failed += 1
                continue
            for warning in found.video.warnings:
                note(f"{source.name}: {warning}")
            for path, shape in folder.write(source, found).items():
                print_lines(f"{path}  {' x '.join(map(str, shape))} of {source.name}")
    if num_failed:
        note(f"{num_failed} of {plural(len(pending), 'video')} have no features")
        click.get_current_context().exit(I3DError.exit_code)
