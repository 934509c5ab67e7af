"""`i3d export`: an IR for other software."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import Command, force_option, format_size, print_facts
from i3d_edge.core.spec import NUMPY_TYPES


@click.command(cls=Command)
@click.argument("model_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.option(
    "--model-api",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="OUT.xml",
    help="Write the model with the six axes that OpenVINO Model API expects of action models.",
)
@force_option
def export(model_path: Path, output: Path, force: bool) -> None:
    """Write MODEL.xml for OpenVINO Model API.

    OpenVINO Model Server reads MODEL.xml as it is.

    \b
    Example:
      i3d export rgb_imagenet.xml --model-api rgb_imagenet_model_api.xml
    """
    from i3d_edge.convert.model_api import LAYOUT, export_to_model_api

    report = export_to_model_api(model_path, output, force=force)
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
            ("input", f"Placeholder {LAYOUT} {report.shape}, {NUMPY_TYPES[report.spec.input_type]}, RGB 0..255"),
            ("output", f"Softmax (1, {report.spec.num_classes})"),
        ]
    )
