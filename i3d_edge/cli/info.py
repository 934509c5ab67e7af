"""`i3d info`: what is this file, and what can be done with it?"""

import json
import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from i3d_edge.cli import _info_files as files
from i3d_edge.cli._base import PATH, Command, frames_fps_option, json_option, print_facts
from i3d_edge.cli.freeze import checkpoint_facts
from i3d_edge.core.errors import I3DError, VideoOpenError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.file_kind import ONNX, PYTORCH, foreign_kind
from i3d_edge.core.i3d_spec import FRAME_RATE_FPS
from i3d_edge.core.labels import read_label_file
from i3d_edge.core.reading import require_file
from i3d_edge.core.spec import ModelSpec, Stepping
from i3d_edge.core.text import probability_text

Facts = files.Facts

_IR_SUFFIX = ".xml"


@click.command(cls=Command)
@click.argument("thing", type=PATH)
@json_option
@frames_fps_option
def info(thing: Path, as_json: bool, frames_fps: Fraction | None) -> None:
    """Describe a checkpoint, model, bundle, video, list, baseline, profile or run.

    THING is any file that i3d-edge reads or writes, a folder, or a checkpoint's prefix. The last line names the
    command to run next.

    \b
    Example:
      i3d info checkpoints/rgb_scratch/model.ckpt
    """
    describe = _describer(thing)
    if frames_fps is not None and describe is not _video:
        raise click.UsageError("--frames-fps is for videos")
    facts = _video(thing, frames_fps) if describe is _video else describe(thing)
    if as_json:
        document: dict[str, Any] = {}
        for name, value in facts:
            known = document.get(name)
            document[name] = value if known is None else [*([known] if isinstance(known, str) else known), value]
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_facts(facts)


def _describer(thing: Path) -> Callable[[Path], Facts]:
    if thing.name in ("saved_model.pb", "checkpoint") and os.path.isfile(thing):
        return lambda path: _checkpoint(path.parent)
    if os.path.isdir(thing):
        parts = ("saved_model.pb", "variables/variables.index", "[!.]*.index")
        return _checkpoint if any(any(thing.glob(part)) for part in parts) else files.describe_folder
    if not os.path.exists(thing) and thing.suffix not in (_IR_SUFFIX, ".pb"):  # those say what is there
        return _checkpoint
    if thing.suffix in (".index", ".meta") or ".data-" in thing.name:
        return _checkpoint
    try:
        require_file(thing)
    except FileNotFoundError:
        pass  # the reader says what is there
    except OSError as error:
        raise I3DError(f"cannot read {str(thing)!r}: {error.strerror}") from error
    if (kind := foreign_kind(thing)) and not (kind in (ONNX, PYTORCH) and thing.suffix.lower() in _BY_SUFFIX):
        return lambda _path: [("kind", kind.title), ("next", kind.remedy)]
    return _BY_SUFFIX.get(thing.suffix.lower(), _video)


def _checkpoint(path: Path) -> Facts:
    from i3d_edge.freeze import open_checkpoint

    if not os.path.exists(path) and not os.path.exists(f"{path}.index"):
        raise I3DError(f"no file, folder or checkpoint named {str(path)!r}")
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
    from i3d_edge.freeze.graph_def import read_graph_def

    graph = read_graph_def(path)
    return [
        ("kind", f"frozen graph, {len(graph.nodes)} nodes"),
        *(_model(graph.spec) if graph.spec else _undescribed(path, graph.origin)),
        ("next", f"i3d convert {path} -o {path.with_suffix('.xml')}"),
    ]


def _weights(path: Path) -> Facts:
    from i3d_edge.convert.checkpoints import open_weights

    found = open_weights(path)
    fitting = found.fitting()
    option = f" --network {fitting[0]}" if len(fitting) > 1 else ""
    return [
        ("kind", "PyTorch weights" if path.suffix.lower() == ".pth" else "MXNet weights"),
        ("model", found.title()),
        ("network", " or ".join(fitting)),
        ("provenance", found.origin),
        ("fingerprint", found.layers.fingerprint),
        ("next", f"i3d convert {path} -o {path.with_suffix('.xml')}{option}"),
    ]


def _onnx(path: Path) -> Facts:
    return [
        ("kind", "ONNX model"),
        *_undescribed(path, None),
        ("next", f"i3d convert {path} --spec SPEC.json -o {path.with_suffix('.xml')}"),
    ]


def _undescribed(path: Path, origin: str | None) -> Facts:
    """Describe a model without a description of its own, for instance Open Model Zoo's frozen graph."""
    import openvino as ov

    from i3d_edge.runtime.inference.onnx import is_onnx, read_onnx

    model = read_onnx(path) if is_onnx(path) else ov.Core().read_model(path)
    ports = [*(("input", port) for port in model.inputs), *(("output", port) for port in model.outputs)]
    return [
        ("provenance", origin or "unknown: it does not describe itself"),
        *((kind, f"{min(port.names, default='?').removesuffix(':0')} {port.partial_shape}") for kind, port in ports),
    ]


def _ir(path: Path) -> Facts:
    from i3d_edge.runtime.inference.ir import describes_itself, read_ir

    if not describes_itself(path):
        return [
            ("kind", "OpenVINO IR"),
            *_undescribed(path, None),
            ("next", f"i3d classify VIDEO --model {path} --spec SPEC.json"),
        ]
    _, spec = read_ir(path, steps=True)
    return [
        ("kind", "OpenVINO IR"),
        *_model(spec),
        ("weights", f"stored as {spec.precision or 'unknown'}"),
        ("passes", ", ".join(spec.passes) or "none"),
        ("frozen graph", f"sha256 {spec.frozen_graph_sha256}" if spec.frozen_graph_sha256 else "none"),
        ("made with", ", ".join(f"{name} {version}" for name, version in spec.made_with.items())),
        *([] if spec.stepping else [("next", f"i3d classify VIDEO --model {path}")]),
    ]


def _model(spec: ModelSpec) -> Facts:
    return [
        ("model", spec.title()),
        *(("input", f"{name}, {spec.layout} {spec.input_shape(name)}") for name in spec.inputs),
        ("output", f"{spec.head.output} ({spec.batch}, {spec.num_classes}), {spec.head.kind}"),
        ("frames", f"{spec.sampling()}, {spec.framing()}"),
        *([("steps", _steps(spec.stepping))] if spec.stepping else []),
        *([("none of these", f"below {probability_text(spec.none_below)}")] if spec.none_below is not None else []),
        ("provenance", spec.origin if spec.origin == UNKNOWN else f"{spec.origin}, as it says of itself"),
        ("fingerprint", spec.fingerprint or "unknown"),
    ]


def _steps(stepping: Stepping) -> str:
    return f"{stepping.mode}, {stepping.hop} frames each; an answer from step {stepping.warm_up} on"


def _bundle(path: Path) -> Facts:
    from i3d_edge.runtime.bundle import open_bundle

    with open_bundle(path) as opened:
        return [
            ("kind", f"bundle, {len(opened.manifest.entries)} entries"),
            *(("model", f"{model.name}: {model.title}") for model in opened.manifest.models),
            *(("weights", f"{model.name}: {model.licence}") for model in opened.manifest.models),
            ("packed by", ", ".join(f"{name} {version}" for name, version in opened.manifest.versions.items())),
            ("digest", opened.digest),
            ("next", f"i3d bundle verify {path}"),
        ]


def _label_file(path: Path) -> Facts:
    labels = read_label_file(path)
    return [
        ("kind", "label file"),
        ("classes", f"{len(labels)}, from {labels.names[0]!r} to {labels.names[-1]!r}"),
        ("next", f"i3d freeze CHECKPOINT -o model.pb --labels {path}"),
    ]


def _video(path: Path, frames_fps: Fraction | None = None) -> Facts:
    from i3d_edge.runtime.frames.video import Video

    try:
        video = Video.open(path, frames_fps=frames_fps)
    except VideoOpenError as error:
        raise VideoOpenError(
            f"{str(path)!r} is none of the files that i3d-edge writes or reads, and FFmpeg finds no video in it",
            hint="`ffprobe` on the same file shows more" if error.hint else None,
        ) from error
    [(_, frame)] = video.frames([0])
    timeline = video.timeline
    return [
        ("kind", "video"),
        (
            "duration",
            f"{timeline.duration_s:.2f} s, {timeline.num_frames} frames, {timeline.mean_fps:.2f} fps on average",
        ),
        ("picture", f"{frame.shape[1]} x {frame.shape[0]}, upright"),
        ("samples", f"{timeline.num_samples(FRAME_RATE_FPS)} at I3D's {FRAME_RATE_FPS} fps"),
        *(("warning", warning) for warning in video.warnings),
        ("next", f"i3d classify {path} --model MODEL.xml"),
    ]


_BY_SUFFIX: Mapping[str, Callable[[Path], Facts]] = {
    _IR_SUFFIX: _ir,
    ".bin": _ir,  # which says what it is
    ".pb": _frozen_graph,
    ".pth": _weights,
    ".params": _weights,
    ".onnx": _onnx,
    ".i3d": _bundle,
    ".txt": _label_file,
    ".json": files.describe_json,
    ".csv": files.describe_list,
    ".npy": files.describe_array,
}
