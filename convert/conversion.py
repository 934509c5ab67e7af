"""Conversion: a frozen graph becomes an OpenVINO IR that takes raw pixels and describes itself."""

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

import openvino as ov

from i3d_edge.convert import parity
from i3d_edge.convert.cost import Cost, count_convolutions, count_cost
from i3d_edge.convert.naming import name_units
from i3d_edge.convert.passes import EMBED_PREPROCESSING, PASSES, Fold, Target, embed_preprocessing, passes_for
from i3d_edge.convert.saving import check_ir_output, describe, save_ir
from i3d_edge.core import labels as label_sets
from i3d_edge.core.errors import DependencyError, FrozenGraphError, SpecError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import sha256_file, staged
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME, OUTPUT_NAME, i3d_spec
from i3d_edge.core.port import NUM_CHANNELS, ElementType
from i3d_edge.core.progress import phase
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import some
from i3d_edge.freeze.graph_def import GraphDef, read_graph_def
from i3d_edge.runtime.inference.ir import require_ports

Precision = Literal["FP32", "FP16"]

Layout = Literal["NDCHW", "NDHWC", "NCDHW"]


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What was written, and what it was found to be."""

    path: Path  # the IR's .xml; the weights lie beside it as .bin
    num_bytes: int  # both files together
    spec: ModelSpec
    cost: Cost  # of the network before our passes
    # operations of the convolutions that the IR executes for one clip; folding adds multiplications by zero
    num_executed: int
    outcomes: Mapping[str, str | None]  # by name of each pass, why it declined; None if it applied
    outputs: Mapping[str, int]  # how many values each output gives for one clip
    parity: parity.ParityReport | None  # against the frozen graph, or None when no reference was given
    found: str | None = None  # what a file of weights was found to hold; None for a frozen graph


def convert_graph(
    graph_path: Path,
    output: Path,
    *,
    precision: Precision = "FP32",
    target: Target = "cpu",
    fold: Fold | None = "dhw",
    layout: Layout = "NDCHW",
    input_type: ElementType = "u8",
    num_frames: int | None = None,
    batch: int | None = None,
    logits_output: bool = False,
    reference: parity.Reference | None = None,
    force: bool = False,
) -> ConversionReport:
    """Convert a frozen graph, ours or Open Model Zoo's, and check the result against it.

    The IR's input `Placeholder` is, by default, NDCHW (N, D, C, H, W): for an RGB network uint8, raw pixels
    0..255, with mean and scale inside; for a flow network float32 in [-1, 1]. A joint IR has both, the second as
    `Placeholder_flow`. Its output `Softmax` is (N, num_classes), probabilities.

    Args:
        graph_path: The .pb file.
        output: The IR's .xml file; its .bin is written beside it.
        precision: How weights are stored; FP16 halves the file.
        target: Where the IR will run; decides which graph passes are applied. See `convert.passes`.
        fold: Along which axes the first convolution is folded on a CPU; None leaves it as it is, for computing in
            float32. See docs/background/performance.md for where it pays.
        layout: Of the inputs: "NDCHW", "NDHWC" or "NCDHW".
        input_type: Of the RGB input, raw pixels 0..255 either way: "u8" or "f32".
        num_frames: Frames in a clip, if not as many as the graph was frozen for.
        batch: Clips at once, if not as many as the graph was frozen for.
        logits_output: Add an output `logits`, (N, num_classes).
        reference: Runs the frozen graph, for the parity check; None, or a package that it lacks, leaves the check out.
        force: Replace an existing IR.

    Raises:
        FrozenGraphError: If the file is not a frozen I3D.
        IRError: If it does not take and give what its description says.
        SpecError: If the clips asked for cannot be; for a VPU, if they are several at once.
        ParityError: If the IR differs from the graph by more than `parity.BOUNDS`; it is kept under
            the name `<output>.rejected.xml` and nothing is written at `output`.
        OutputError: If the IR exists (without `force`) or cannot be written.
    """
    output = check_ir_output(output, force=force)
    with phase(f"reading {graph_path}"):
        model, graph_spec = _read_network(graph_path, num_frames, batch)
    require_one_clip(graph_spec, target)
    with phase("converting"):
        cost = cost_per_clip(model, graph_spec)
        spec = graph_spec.with_ports(element_type=input_type, takes_pixels=True)
        spec = replace(spec, layout=layout, precision=precision)
        passes = passes_for(target, fold)
        model, spec, outcomes = _rewrite(model, spec, passes, logits_output=logits_output)
    require_ports(model, spec, f"the network of frozen graph {str(graph_path)!r}")
    num_bytes, report = write_ir(model, spec, output, graph_path, reference, force=force)
    num_executed = count_convolutions(model) // spec.batch
    return ConversionReport(output, num_bytes, spec, cost, num_executed, outcomes, output_lengths(model), report)


def _read_network(graph_path: Path, num_frames: int | None, batch: int | None) -> tuple[ov.Model, ModelSpec]:
    """Return a frozen graph's network for clips of a length and number, None for its own, and what it is."""
    graph = read_graph_def(graph_path)
    model = _load(graph)
    spec = graph.spec or _infer_spec(graph, model)
    _require_structure(graph, model, spec)
    name_units(model, graph.nodes)
    spec = _reshape(model, spec, num_frames or spec.num_frames, batch or spec.batch)
    made_with = {"openvino": ov.__version__, "i3d-edge": metadata.version("i3d-edge")}
    return model, replace(spec, frozen_graph_sha256=sha256_file(graph_path), made_with=made_with)


def _rewrite(
    model: ov.Model, spec: ModelSpec, passes: Sequence[str], *, logits_output: bool
) -> tuple[ov.Model, ModelSpec, dict[str, str | None]]:
    """Make a graph's network the one that a spec asks for; return it, its spec, and by pass why it declined."""
    applied = [] if spec.stream == "flow" else [EMBED_PREPROCESSING]
    model = embed_preprocessing(model, spec)
    _name_ports(model, spec, logits_output=logits_output)
    outcomes = {name: PASSES[name](model) for name in passes}
    applied += [name for name, reason in outcomes.items() if reason is None]
    return model, replace(spec, passes=tuple(applied)), outcomes


def write_ir(
    model: ov.Model,
    spec: ModelSpec,
    output: Path,
    graph_path: Path,
    reference: parity.Reference | None,
    *,
    against: str = parity.FROZEN_GRAPH,
    force: bool,
) -> tuple[int, parity.ParityReport | None]:
    """Write an IR if it computes what its graph does; return how many bytes it takes, and the comparison."""
    describe(model, spec)
    with staged(output, force=force) as temporary:
        num_bytes = save_ir(model, temporary, output, compress_to_fp16=spec.precision == "FP16")
        report = None
        if reference is not None:
            with suppress(DependencyError):
                report = parity.check_parity(temporary, spec, graph_path, reference, against=against)
        if report is not None and not report.passed:
            raise parity.rejection(report, _keep_aside(temporary, output))
    return num_bytes, report


def describe_graph(path: Path) -> ModelSpec:
    """Return what a frozen graph says of itself, or its shapes tell; raises FrozenGraphError if it is none of clips."""
    graph = read_graph_def(path)
    return graph.spec or _infer_spec(graph, _load(graph))


def _load(graph: GraphDef) -> ov.Model:
    try:
        model = ov.convert_model(graph.path)
    except Exception as error:  # the converter raises bare Exceptions of several kinds
        raise FrozenGraphError(
            f"OpenVINO cannot convert frozen graph {str(graph.path)!r}: {str(error).splitlines()[0]}"
        ) from error
    shapes = [port.partial_shape for port in model.inputs]
    if any(shape.is_dynamic or len(shape) != 5 for shape in shapes):
        raise FrozenGraphError(
            f"frozen graph {str(graph.path)!r} takes {', '.join(str(shape) for shape in shapes)}, not clips of fixed "
            "shape (N, D, H, W, C)"
        )
    return model


def _infer_spec(graph: GraphDef, model: ov.Model) -> ModelSpec:
    """Describe a graph that does not describe itself, from its shapes."""
    if len(model.inputs) != 1:
        raise FrozenGraphError(
            f"frozen graph {str(graph.path)!r} has {len(model.inputs)} inputs and does not describe them",
            hint="`i3d freeze --joint` makes such a graph",
        )
    batch, num_frames, _, crop_px, channels = model.input().shape
    stream = next((stream for stream, number in NUM_CHANNELS.items() if number == channels), None)
    if stream is None:
        raise FrozenGraphError(
            f"frozen graph {str(graph.path)!r} has {channels} channel(s), neither 3 (RGB) nor 2 (flow)"
        )
    return i3d_spec(
        stream=stream,
        labels=label_sets.default_for(model.output().shape[1]),
        num_frames=num_frames,
        batch=batch,
        crop_px=crop_px,
        origin=graph.origin or UNKNOWN,
    )


def _require_structure(graph: GraphDef, model: ov.Model, spec: ModelSpec) -> None:
    """Refuse a graph that is not of its family, or whose picture is not what the runtime cuts."""
    tensors = {name.removesuffix(":0") for node in model.get_ops() for port in node.outputs() for name in port.names}
    stated = {*spec.inputs, spec.head.output, *([EMBEDDING_NAME] if spec.has_embedding else [])}
    if lacking := sorted(stated - tensors):
        raise FrozenGraphError(f"frozen graph {str(graph.path)!r} lacks {some(lacking)}, which its description states")
    counts = Counter(node.get_type_name() for node in model.get_ops())
    expected, networks = spec.kind.num_convolutions, len(spec.inputs)
    found = (counts["Convolution"], counts["Relu"])
    if expected is not None and found != (expected * networks, (expected - 1) * networks):
        raise FrozenGraphError(
            f"frozen graph {str(graph.path)!r} is no {spec.kind.title}: it has {found[0]} convolution(s) and "
            f"{found[1]} ReLU(s), not {expected * networks} and {(expected - 1) * networks}",
            hint="other networks are converted by OpenVINO's own `ovc`, and then described with --spec",
        )
    for port in model.inputs:
        _, _, height, width, _ = port.shape
        largest = spec.short_side_px or max(spec.crop_px)
        if height != width or not 0 < height <= largest:
            raise FrozenGraphError(
                f"frozen graph {str(graph.path)!r} takes frames of {height} x {width}, not square ones of at most "
                f"{largest} pixels"
            )


def _reshape(model: ov.Model, spec: ModelSpec, num_frames: int, batch: int) -> ModelSpec:
    """Change how many clips of how many frames a model takes, in place; SAME padding follows."""
    reshaped = replace(spec, num_frames=num_frames, batch=batch)
    if reshaped != spec:
        model.reshape({f"{name}:0": list(reshaped.input_shape(name)) for name in reshaped.inputs})
    return reshaped


def require_one_clip(spec: ModelSpec, target: Target) -> None:
    """Refuse what a VPU does not take."""
    if target == "vpu" and spec.batch != 1:
        raise SpecError(
            f"a network for a VPU takes one clip at a time, not {spec.batch}: its operators take the frames as a batch",
            hint="leave out --batch, or freeze the graph for one clip",
        )


def cost_per_clip(model: ov.Model, spec: ModelSpec) -> Cost:
    """Count a model that takes what the spec says, and normalising its RGB input."""
    rgb = [name for name, port in spec.inputs.items() if port.stream == "rgb"]
    cost = count_cost(model, num_pixels=sum(math.prod(spec.input_shape(name)) for name in rgb))
    return replace(cost, num_operations=cost.num_operations // spec.batch)


def _name_ports(model: ov.Model, spec: ModelSpec, *, logits_output: bool) -> None:
    """Give inputs and outputs exactly the names of the contract; TensorFlow's have a ":0" at the end."""
    for name in spec.inputs:
        model.input(f"{name}:0").set_names({name})
    softmax = model.output(f"{OUTPUT_NAME}:0").get_node().input_value(0).get_node()
    softmax.input_value(0).set_names({LOGITS_NAME})
    for name in (OUTPUT_NAME, EMBEDDING_NAME) if spec.has_embedding else (OUTPUT_NAME,):
        model.output(f"{name}:0").set_names({name})
    if logits_output:
        model.add_outputs(LOGITS_NAME)


def output_lengths(model: ov.Model) -> dict[str, int]:
    """Return how many values each output gives for one clip."""
    return {min(port.names): port.shape[1] for port in model.outputs}


def _keep_aside(temporary: Path, output: Path) -> Path:
    aside = output.with_suffix(".rejected.xml")
    for suffix in (".bin", ".xml"):
        os.replace(temporary.with_suffix(suffix), aside.with_suffix(suffix))
    return aside
