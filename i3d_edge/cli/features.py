"""`i3d features`: what the network's classifier would read, for other programs to learn from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli import _base
from i3d_edge.cli._engine import EngineOptions, engine_options, note_engine
from i3d_edge.core.errors import I3DError
from i3d_edge.core.text import plural

if TYPE_CHECKING:
    from i3d_edge.api.features import FileFormat, Layer
    from i3d_edge.core.cluster import Cluster
    from i3d_edge.runtime.views.flow import FlowMethod


@click.command(cls=_base.Command)
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@_base.model_option
@click.option(
    "--flow-model",
    type=_base.PATH,
    help="The .xml of a model of optical flow: its features follow those of --model in each row.",
)
@_base.output_option("The folder to write to. Videos whose features are there are left out.")
@click.option(
    "--stride",
    type=_base.COUNT,
    default=16,
    metavar="FRAMES",
    help="From one clip's start to the next one's, in frames at the model's rate.",
)
@click.option(
    "--layer",
    type=click.Choice(["embedding", "mean", "logits"]),
    default="embedding",
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
    help="One .npy with a row per clip; one per crop, NAME__0.npy and so on; or one with a column per frame.",
)
@_base.frames_fps_option
@_base.flow_option
@engine_options(has_mode=True)
@_base.cluster_options
@_base.force_option
@_base.quiet_option
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
    cluster: Cluster | None,
    force: bool,
) -> None:
    """Write the features of videos: NAME.npy, and NAME.json, which says what they are.

    A VIDEO is a file, an address, a quoted pattern, a folder of videos, a list of these in a .txt, a folder of numbered
    images, or a .npy clip. A video that cannot be read does not stop the others; the exit code is then 1.

    \b
    Example:
      i3d features clips --model rgb_scratch.xml -o features
      i3d features clips --model rgb.xml --flow-model flow.xml --stride 4 -o features
    """
    from i3d_edge.api.features import FeatureExtractor, FeatureOptions

    if "-" in videos:
        raise click.UsageError("features are named after their videos: give files, not standard input")
    _base.refuse_swapped(model_path, videos)
    engine.require_no_threads(cluster)
    options = FeatureOptions(
        stride=stride, layer=layer, ten_crop=ten_crop, every_frame=every_frame, frames_fps=frames_fps
    )
    models = [model_path, *([flow_model] if flow_model else [])]
    arguments = engine.arguments(model_path, mode="throughput")
    num_done = num_failed = 0
    with FeatureExtractor(models, options, flow=flow, spec=arguments.pop("spec_path"), **arguments) as extractor:
        for path, classifier in zip(models, extractor.classifiers, strict=True):
            note_engine(path, classifier.engine)
        written = extractor.write(videos, output, file_format=file_format, force=force, cluster=cluster, say=_base.note)
        for name, found in written:
            if found is None:
                num_done += 1
            elif isinstance(found, I3DError):
                _base.print_error(found)
                num_failed += 1
            else:
                for warning in found.video.warnings:
                    _base.note(f"{name}: {warning}")
                _base.print_lines(f"{name}  {' x '.join(map(str, found.values.shape))}")
    if num_done:
        _base.note(f"{plural(num_done, 'video')} done already")
    if num_failed:
        _base.note(f"{plural(num_failed, 'video')} could not be read")
        click.get_current_context().exit(I3DError.exit_code)
