"""`i3d info`: what is this file, and what can be done with it?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import click

from i3d_edge.cli._base import Command, print_facts
from i3d_edge.cli.freeze import checkpoint_facts
from i3d_edge.errors import I3DError
from i3d_edge.labels import read_label_file
from i3d_edge.spec import UNKNOWN, ModelSpec

Facts = list[tuple[str, str]]


@click.command(cls=Command)
@click.argument("thing", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def info(thing: Path, as_json: bool) -> None:
    """Say what THING is: checkpoint, TF-Hub module, frozen graph, IR, label file or video.

    THING is a file, a folder, or a checkpoint's prefix. The last line is the command to run next.

    \b
    Example:
      i3d info rgb_imagenet/model.ckpt
    """
    facts = _describer(thing)(thing)
    if as_json:
        document: dict[str, str | list[str]] = {}
        for name, value in facts:
            known = document.get(name)
            document[name] = value if known is None else [*([known] if isinstance(known, str) else known), value]
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_facts(facts)


def _describer(thing: Path) -> Callable[[Path], Facts]:
    if thing.name == "saved_model.pb":
        return lambda path: _checkpoint(path.parent)
    if thing.suffix == ".xml":
        return _ir
    if thing.suffix == ".pb":
        return _frozen_graph
    if thing.suffix == ".txt":
        return _label_file
    if os.path.isdir(thing) or not os.path.exists(thing) or thing.suffix == ".index" or ".data-" in thing.name:
        return _checkpoint
    return _video


def _checkpoint(path: Path) -> Facts:
    from freeze import open_checkpoint

    if not os.path.exists(path) and not os.path.exists(f"{path}.index"):
        raise I3DError(f"thing {str(path)!r} must be a file, a folder or a checkpoint's prefix; there is none")
    opened = open_checkpoint(path)
    given = path if opened.is_hub_module else opened.prefix
    name = "model" if opened.origin == UNKNOWN else opened.origin
    return [
        ("kind", "TF-Hub module (TF1 hub format)" if opened.is_hub_module else "TensorFlow checkpoint"),
        *checkpoint_facts(opened),
        ("stream", opened.stream),
        ("classes", f"{len(opened.labels)} ({opened.labels.name})"),
        ("scope", opened.scope or "none"),
        ("next", f"i3d freeze {given} -o {name}.pb"),
    ]


def _frozen_graph(path: Path) -> Facts:
    from convert.graph_def import read_graph_def

    graph = read_graph_def(path)
    return [
        ("kind", f"frozen graph, {len(graph.nodes)} nodes"),
        *(_model(graph.spec) if graph.spec else _undescribed(path, graph.origin)),
        ("next", f"i3d convert {path} -o {path.with_suffix('.xml')}"),
    ]


def _undescribed(path: Path, origin: str | None) -> Facts:
    """Say what can be seen of a frozen graph that does not describe itself: Open Model Zoo's, for instance."""
    import openvino as ov

    model = ov.Core().read_model(path)
    ports = [*(("input", port) for port in model.inputs), *(("output", port) for port in model.outputs)]
    return [
        ("provenance", origin or "unknown: it does not describe itself"),
        *((kind, f"{port.any_name.removesuffix(':0')} {port.partial_shape}") for kind, port in ports),
    ]


def _ir(path: Path) -> Facts:
    from runtime import read_ir

    _, spec = read_ir(path)
    return [
        ("kind", "OpenVINO IR"),
        *_model(spec),
        ("weights", f"stored as {spec.precision}"),
        ("passes", ", ".join(spec.passes) or "none"),
        ("frozen graph", f"sha256 {spec.frozen_graph_sha256}"),
        ("made with", ", ".join(f"{name} {version}" for name, version in spec.made_with.items())),
        ("next", f"i3d classify VIDEO --model {path}" if spec.stream == "rgb" else "no command runs flow models yet"),
    ]


def _model(spec: ModelSpec) -> Facts:
    return [
        ("model", spec.title()),
        *(("input", f"{name}, {spec.layout} {spec.input_shape(name)}") for name in spec.inputs),
        ("output", f"Softmax ({spec.batch}, {spec.num_classes})"),
        ("frames", f"{spec.frame_rate_fps} fps, short side {spec.short_side_px}, centre crop {spec.crop_px}"),
        ("provenance", spec.origin),
        ("fingerprint", spec.fingerprint or "unknown"),
    ]


def _label_file(path: Path) -> Facts:
    labels = read_label_file(path)
    return [
        ("kind", "label file"),
        ("classes", f"{len(labels)}, from {labels.names[0]!r} to {labels.names[-1]!r}"),
        ("next", f"i3d freeze CHECKPOINT -o model.pb --labels {path}"),
    ]


def _video(path: Path) -> Facts:
    from runtime.video import Video

    video = Video.open(path)
    [(_, frame)] = video.frames([0])
    timeline = video.timeline
    return [
        ("kind", "video"),
        (
            "duration",
            f"{timeline.duration_s:.2f} s, {timeline.num_frames} frames, {timeline.mean_fps:.2f} fps on average",
        ),
        ("picture", f"{frame.shape[1]} x {frame.shape[0]}, upright"),
        ("samples", f"{timeline.num_samples(25)} at 25 fps"),
        *(("warning", warning) for warning in video.warnings),
        ("next", f"i3d classify {path} --model MODEL.xml"),
    ]
