"""From the weights of MMAction2 or GluonCV to an IR, without their frameworks."""

from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
import openvino as ov

from i3d_edge.convert.conversion import (
    ConversionReport,
    Layout,
    Precision,
    cost_per_clip,
    output_lengths,
    require_one_clip,
    write_ir,
)
from i3d_edge.convert.cost import count_convolutions
from i3d_edge.convert.networks.layers import Layers, read_layers
from i3d_edge.convert.networks.network import NETWORKS, build_network, candidates, choose_network, title
from i3d_edge.convert.networks.published import GLUONCV, MMACTION2
from i3d_edge.convert.parity import Feeds
from i3d_edge.convert.passes import EMBED_PREPROCESSING, FUSE_LAYOUT, PASSES, Fold, Target, passes_for
from i3d_edge.convert.saving import check_ir_output
from i3d_edge.convert.weights import read_weights
from i3d_edge.core import labels as label_sets
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import CheckpointVariablesError, NotFiniteError, SpecError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import StrPath
from i3d_edge.core.i3d_spec import INPUT_NAME, LOGITS_NAME, OUTPUT_NAME
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.port import ElementType, Port
from i3d_edge.core.progress import phase
from i3d_edge.core.spec import Head, ModelSpec
from i3d_edge.runtime.inference.ir import require_ports

_PIXELS = Port(stream="rgb", mean=(123.675, 116.28, 103.53), scale=(58.395, 57.12, 57.375), takes_pixels=True)
_REFERENCE = "the network in NDHWC and FP32"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights that are those of a network of `NETWORKS`."""

    layers: Layers
    origin: str = UNKNOWN  # the name under which the file was published
    network: str | None = None  # a key of `NETWORKS`, where the file is a published one

    @property
    def num_classes(self) -> int:
        """Of the classifier."""
        return len(self.layers.by_name["fc"].bias)

    def title(self) -> str:
        """Return one line for people."""
        return f"{title(self.layers)}, {self.num_classes} classes, {self.layers.publisher}'s names"

    def fitting(self) -> tuple[str, ...]:
        """Return the networks that it may be."""
        return (self.network,) if self.network else candidates(self.layers)


def open_weights(path: Path) -> Checkpoint:
    """Read a .pth or .params file; raises CheckpointError if it cannot be read, or is of another network."""
    file = read_weights(path)
    try:
        layers = read_layers(file.tensors)
        candidates(layers)
    except CheckpointVariablesError as error:
        raise CheckpointVariablesError(
            f"cannot use weights {str(path)!r}: {error.message}",
            hint="other networks become IRs by OpenVINO's `ovc`, and are described with --spec",
        ) from error
    origin, network = MMACTION2.get(file.sha256) or GLUONCV.get(file.sha1) or (UNKNOWN, None)
    return Checkpoint(layers, origin, network)


def convert_weights(
    path: StrPath,
    output: StrPath,
    *,
    network: str | None = None,
    labels: LabelSet | None = None,
    crop_px: int | None = None,
    precision: Precision = "FP32",
    target: Target = "cpu",
    fold: Fold | None = None,
    layout: Layout = "NDCHW",
    input_type: ElementType = "u8",
    num_frames: int | None = None,
    batch: int | None = None,
    logits_output: bool = False,
    force: bool = False,
) -> ConversionReport:
    """Convert weights of MMAction2 or GluonCV, and check the result against the network before our passes, in FP32.

    The IR takes and gives what that of a frozen graph does, and has an output `embedding`.

    Options are those of `convert_graph`, with frames as trained and no fold by default, and: `network`, a key of
    `NETWORKS` where the weights fit several; `labels`, if not Kinetics'; `crop_px`, the side of what the network
    sees, if not as it was tested.

    Raises:
        CheckpointError: If the file cannot be read, or is of another network.
        ArgumentError: If `network` is needed, or does not fit.
        SpecError: If the clips asked for cannot be, or there are not as many labels as classes.
        NotFiniteError: If the network gives infinite logits.
        ParityError, OutputError: As for `convert_graph`.

    Example:
        >>> convert_weights("i3d_r50.pth", "r50.xml", network="i3d").spec.title()
    """
    path, output = Path(path), check_ir_output(Path(output), force=force)
    with phase(f"reading {path}"):
        checkpoint = open_weights(path)
    name = choose_network(checkpoint.layers, network or checkpoint.network)
    chosen = NETWORKS[name]
    crop_px = chosen.crop_px if crop_px is None else crop_px
    if crop_px < chosen.min_crop_px:
        raise SpecError(f"crop_px must be at least {chosen.min_crop_px} for {name}; got {crop_px}")
    labels = labels or label_sets.default_for(checkpoint.num_classes)
    if len(labels) != checkpoint.num_classes:
        raise SpecError(f"there are {len(labels)} labels, and the network has {checkpoint.num_classes} classes")
    # GluonCV on PyTorch was trained on frames that decord had squeezed to 340 x 256.
    squeezes = checkpoint.layers.publisher == "GluonCV" and path.suffix.lower() != ".params"
    side_px = max(crop_px, chosen.short_side_px)
    spec = ModelSpec(
        family=chosen.family.name,
        inputs={INPUT_NAME: replace(_PIXELS, element_type=input_type)},
        head=Head(
            output=OUTPUT_NAME,
            kind="probabilities",
            view_fusion="logits" if checkpoint.layers.publisher == "GluonCV" else "probabilities",
        ),
        labels=labels,
        num_frames=num_frames or chosen.num_frames,
        frame_stride=chosen.frame_stride,
        short_side_px=None if squeezes else side_px,
        squeezed_px=(side_px, side_px * 340 // 256) if squeezes else None,
        crop_px=(crop_px, crop_px),
        batch=batch or 1,
        layout=layout,
        has_embedding=True,
        origin=checkpoint.origin,
        fingerprint=checkpoint.layers.fingerprint,
        precision=precision,
        made_with={"openvino": ov.__version__, "i3d-edge": metadata.version("i3d-edge")},
    )
    require_one_clip(spec, target)
    with phase("converting"):
        model = build_network(checkpoint.layers, chosen, spec, logits_output=logits_output)
        cost = cost_per_clip(model, spec)
        # There is one transposition already.
        outcomes = {name: PASSES[name](model) for name in passes_for(target, fold) if name != FUSE_LAYOUT}
    applied = (name for name, reason in outcomes.items() if reason is None)
    spec = replace(spec, passes=(EMBED_PREPROCESSING, *applied))
    require_ports(model, spec, f"the network of {str(path)!r}")
    plain = replace(spec, layout="NDHWC").with_ports(element_type="f32", takes_pixels=False)

    def reference(_path: Path, clips: list[Feeds]) -> list[Float32Array]:
        network = build_network(checkpoint.layers, chosen, plain, logits_output=True)
        compiled = ov.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        logits = [np.array(compiled(dict(clip))[LOGITS_NAME]) for clip in clips]
        if not np.isfinite(logits).all():
            raise NotFiniteError("the network gives logits that are not finite numbers: its weights are damaged")
        return logits

    num_bytes, report = write_ir(model, spec, output, path, reference, against=_REFERENCE, force=force)
    num_executed = count_convolutions(model) // spec.batch
    lengths = output_lengths(model)
    found = f"{checkpoint.title()}: {name}"
    return ConversionReport(output, num_bytes, spec, cost, num_executed, outcomes, lengths, report, found)
