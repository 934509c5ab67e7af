"""`i3d export`: an IR handed over to other software."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from i3d_edge.cli._base import Command, force_option, format_size, print_facts
from i3d_edge.core.port import NUMPY_TYPES, ElementType

_KSERVE_TYPES: Mapping[ElementType, str] = {"u8": "UINT8", "f32": "FP32"}


@click.command(cls=Command)
@click.argument("model_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.option(
    "--model-server",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Add it to a repository of OpenVINO Model Server, as the next version of its name.",
)
@click.option("--name", help="What clients of Model Server call it; the file's name if not given.")
@click.option(
    "--model-api",
    "output",
    type=click.Path(path_type=Path),
    metavar="OUT.xml",
    help="Write it with the six axes that OpenVINO Model API wants of action models.",
)
@force_option
def export(model_path: Path, folder: Path | None, name: str | None, output: Path | None, force: bool) -> None:
    """Hand MODEL.xml over to other software: give --model-server or --model-api.

    For Model Server, --force replaces the entry that config.json has of that name, with the settings in it;
    a version is never replaced.

    \b
    Example:
      i3d export rgb_imagenet.xml --model-server models
      i3d export rgb_imagenet.xml --model-api rgb_imagenet_model_api.xml
    """
    if folder is not None and output is None:
        _to_model_server(model_path, folder, name, force=force)
    elif output is not None and folder is None and name is None:
        _to_model_api(model_path, output, force=force)
    else:
        raise click.UsageError("give --model-server, with --name or without, or --model-api; not both")


def _to_model_server(model_path: Path, folder: Path, name: str | None, *, force: bool) -> None:
    from i3d_edge.convert.model_server import export_to_model_server

    report = export_to_model_server(model_path, folder, name=name, force=force)
    spec = report.spec
    print_facts(
        [
            ("read", str(model_path)),
            ("model", spec.title()),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
            ("config", f"{report.config_path}, {'changed' if report.is_config_changed else 'left as it was'}"),
            ("name", f"{report.name}, version {report.version}"),
            *(
                ("input", f"{item} {_KSERVE_TYPES[spec.inputs[item].element_type]} {list(spec.input_shape(item))}")
                for item in spec.inputs
            ),
            ("output", f"{spec.head.output} FP32 {[spec.batch, spec.num_classes]}"),
            ("next", f"ovms --config_path {report.config_path} --port 9000 --rest_port 8000"),
        ]
    )


def _to_model_api(model_path: Path, output: Path, *, force: bool) -> None:
    from i3d_edge.convert.model_api import LAYOUT, export_to_model_api

    report = export_to_model_api(model_path, output, force=force)
    [(name, port)] = report.spec.inputs.items()
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
            ("input", f"{name} {LAYOUT} {report.shape}, {NUMPY_TYPES[port.element_type]}, RGB 0..255"),
            ("output", f"{report.spec.head.output} (1, {report.spec.num_classes})"),
        ]
    )
