"""`i3d convert`: a frozen graph, or another framework's weights, become an IR, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from i3d_edge.cli._base import (
    COUNT,
    PATH,
    Command,
    force_option,
    format_size,
    note,
    output_option,
    print_facts,
    quiet_option,
)
from i3d_edge.cli._fold import AUTO, choose_fold, fold_option
from i3d_edge.core.file_kind import WEIGHT_SUFFIXES
from i3d_edge.core.labels import SHIPPED, find_labels
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.spec import ModelSpec

if TYPE_CHECKING:
    from i3d_edge.convert import ConversionReport
    from i3d_edge.convert.parity import ParityReport
    from i3d_edge.convert.passes import Target

_PLACES: dict[str, Target] = {"cpu": "cpu", "gpu": "gpu", "vpu": "vpu", "npu": "vpu", "portable": "portable"}
_WITH_SPEC = ("graph", "output", "spec_path", "precision", "force")
_ONLY_OURS = "with our own network in FP32 alone; NOT CHECKED against PyTorch or MXNet, which are not needed here"


@click.command(cls=Command)
@click.argument("graph", type=PATH)
@output_option("The IR's .xml, a suffix that may be left out; the .bin goes beside it.")
@click.option(
    "--precision", type=click.Choice(["FP32", "FP16"]), default="FP32", help="Of stored weights; FP16 halves the file."
)
@click.option(
    "--for",
    "target",
    type=click.Choice(list(_PLACES)),
    default="cpu",
    help="Device to optimise for. vpu and npu: no 3-D operators. Speed on gpu, vpu and npu is not measured.",
)
@fold_option
@click.option("--layout", type=click.Choice(["NDCHW", "NDHWC", "NCDHW"]), default="NDCHW", help="Layout of the input.")
@click.option(
    "--input-type",
    type=click.Choice(["u8", "f32"]),
    default="u8",
    help="Type of RGB pixels, whose values are 0 to 255.",
)
@click.option("--num-frames", type=COUNT, help="Frames per clip.  [default: the graph's]")
@click.option("--batch", type=COUNT, help="Clips per inference.  [default: the graph's]")
@click.option("--network", help="For weights that fit several networks: which, as `i3d info` lists them.")
@click.option(
    "--crop", "crop_px", type=click.IntRange(32, 1024), help="For weights: side of the crop.  [default: the network's]"
)
@click.option(
    "--labels",
    "labels_text",
    metavar="NAME|FILE",
    help=f"For weights: {', '.join(SHIPPED)} or a text file of class names, one per line.",
)
@click.option("--logits", "logits_output", is_flag=True, help="Add an output for the logits.")
@click.option(
    "--spec", "spec_path", type=PATH, help="Take another network, an .onnx or an IR, that this JSON file describes."
)
@force_option
@quiet_option
def convert(
    graph: Path,
    output: Path,
    target: str,
    fold: str,
    network: str | None,
    crop_px: int | None,
    labels_text: str | None,
    spec_path: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Turn a frozen graph into an OpenVINO IR that takes raw pixels.

    GRAPH is a .pb from `i3d freeze` or from Open Model Zoo. The IR is then compared with the graph on two generated
    clips in float32. If they differ, the exit code is 3 and the IR is saved under another name. GRAPH may also be the
    weights of an I3D-ResNet or I3D-Inception: a .pth of MMAction2 or GluonCV, or GluonCV's .params. With --spec, GRAPH
    is another network, an .onnx or an IR: the result describes itself, and is compared with the .onnx.

    \b
    Example:
      i3d convert rgb_scratch.pb -o rgb_scratch.xml
      i3d convert net.onnx --spec net.json -o own.xml
    """
    from i3d_edge.api import models as api

    if spec_path is not None:
        _refuse_conversion_options(click.get_current_context())
        _describe(graph, spec_path, output, to_fp16=options["precision"] == "FP16", force=force)
        return
    place = _PLACES[target]
    labels = find_labels(labels_text) if labels_text else None
    given: dict[str, Any] = {"network": network, "crop_px": crop_px, "labels": labels}
    own = {name: value for name, value in given.items() if value is not None}
    axes, reason = choose_fold(fold, is_int8=False)
    options |= {"target": place, "force": force}
    if graph.suffix.lower() in WEIGHT_SUFFIXES:
        from i3d_edge.convert.checkpoints import convert_weights

        report = convert_weights(graph, output, fold=None if fold == AUTO else axes, **options, **own)
    elif own:
        raise click.UsageError(f"--{next(iter(own)).removesuffix('_px')} is for weights: a frozen graph states it")
    else:
        report = api.convert_graph(graph, output, fold=axes, **options)
    print_facts(_facts(graph, report, reason if place == "cpu" and not report.found else None))


def _facts(graph: Path, report: ConversionReport, fold: str | None) -> list[tuple[str, str]]:
    spec, cost = report.spec, report.cost
    return [
        ("read", str(graph)),
        *([("found", report.found)] if report.found else []),
        ("model", spec.title()),
        ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        *(("input", _describe_input(spec, name)) for name in spec.inputs),
        *(("output", f"{name} ({spec.batch}, {length})") for name, length in report.outputs.items()),
        *([("fold", fold)] if fold else []),
        ("passes", ", ".join(spec.passes) or "none"),
        *(("declined", f"{name}: {reason}") for name, reason in report.outcomes.items() if reason),
        ("cost", f"{cost.num_operations / 1e9:.4f} GFLOPs per clip, {cost.num_parameters / 1e6:.2f} MParams"),
        ("executed", f"{report.num_executed / 1e9:.1f} GFLOPs per clip in convolutions"),
        *_parity_facts(report.parity),
        *([("parity", _ONLY_OURS)] if report.found else []),
    ]


def _refuse_conversion_options(ctx: click.Context) -> None:
    """Refuse what only a graph can be converted with."""
    given = {
        param.name: param.opts[0]
        for param in reversed(ctx.command.params)  # so that --fold comes last and stands for --no-fold too
        if param.name not in _WITH_SPEC and ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    }
    if given:
        raise click.UsageError(
            f"{' and '.join(given.values())} cannot be used with --spec: that takes a network as it is"
        )


def _describe(path: Path, spec_path: Path, output: Path, *, to_fp16: bool, force: bool) -> None:
    from i3d_edge.convert.other_network import describe_network
    from i3d_edge.runtime.inference.onnx import is_onnx

    spec, report = describe_network(path, spec_path, output, to_fp16=to_fp16, force=force)
    print_facts(
        [
            ("read", f"{path}, described by {spec_path}"),
            ("model", spec.title()),
            *(("input", _describe_input(spec, name)) for name in spec.inputs),
            ("output", f"{spec.head.output} ({spec.batch}, {spec.num_classes}), {spec.head.kind}"),
            ("frames", f"{spec.sampling()}, {spec.framing()}"),
            ("written", f"{output} and .bin"),
            *(_parity_facts(report, "ONNX Runtime") if is_onnx(path) else ()),
        ]
    )


def _describe_input(spec: ModelSpec, name: str) -> str:
    dtype = NUMPY_TYPES[spec.inputs[name].element_type]
    port = spec.inputs[name]
    values = f"{port.colour_order} 0..255" if port.takes_pixels else "normalised"
    return f"{name} {spec.layout} {spec.input_shape(name)}, {dtype}, {values}"


def _parity_facts(report: ParityReport | None, program: str = "TensorFlow") -> list[tuple[str, str]]:
    if report is None:
        note(f"WARNING: parity NOT CHECKED, because {program} is not installed")
        return [("parity", "NOT CHECKED")]
    return [
        (
            f"parity, {clip.name} clip",
            f"logits differ by up to {clip.max_difference:.2e}, {clip.relative_difference:.2e} of the largest "
            f"({clip.max_logit:.2f}; limit {report.bound:g}); same top-5",
        )
        for clip in report.clips
    ]
