"""Freezing: a checkpoint, or two, becomes a frozen graph.

A frozen graph is a binary GraphDef of constants with the input node `Placeholder`, the logits node
`logits`, the output node `Softmax` that reads it, and a string constant with the ModelSpec as JSON.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import CheckpointVariablesError, LabelError, SpecError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import StrPath, sha256_file, staged
from i3d_edge.core.i3d_spec import NUM_FRAMES, i3d_spec
from i3d_edge.core.progress import phase
from i3d_edge.core.spec import Fusion, ModelSpec
from i3d_edge.core.text import some
from i3d_edge.freeze.checkpoint import Checkpoint, open_checkpoint


@dataclass(frozen=True, slots=True)
class FrozenGraphSummary:
    """What was written: the file, its size and hash, and the spec inside it."""

    path: Path
    num_bytes: int
    sha256: str
    num_nodes: int
    spec: ModelSpec


def freeze_checkpoint(
    checkpoint: Checkpoint | StrPath,
    output: StrPath,
    *,
    joint: Checkpoint | StrPath | None = None,
    fusion: Fusion = "logits",
    num_frames: int = NUM_FRAMES,
    batch: int = 1,
    embedding: bool = False,
    ignore_unknown: bool = False,
    force: bool = False,
) -> FrozenGraphSummary:
    """Write a checkpoint as a frozen graph. The same checkpoint gives the same bytes.

    Args:
        checkpoint: Its prefix or folder, or from `open_checkpoint`; RGB if `joint` is given.
        output: The .pb file.
        joint: A flow checkpoint to put beside it, for one graph with two inputs.
        fusion: How the two become one answer: "logits" adds logits, as DeepMind does; "probabilities" averages
            softmaxes, as Open Model Zoo does.
        num_frames: Length of the clip that the graph takes, D; 9 at least.
        batch: Clips in one run, N.
        embedding: Add an output `embedding`: the features before the classifier, averaged over time, (N, 1024), or
            (N, 2048) for a joint graph, RGB first.
        ignore_unknown: Leave out tensors that are neither the network's nor an optimizer's.
        force: Replace an existing file.

    Returns:
        What was written.

    Raises:
        CheckpointDamagedError: If a tensor fails its checksum.
        CheckpointVariablesError: If a checkpoint has tensors that nobody knows (without `ignore_unknown`).
        LabelError: If the two checkpoints have different classes.
        SpecError: If `num_frames` is below 9, or the two checkpoints are not RGB and flow.
        OutputError: If the file exists (without `force`) or cannot be written.
    """
    output = Path(output)
    checkpoints = [_opened(item) for item in (checkpoint, joint) if item is not None]
    for item in checkpoints:
        if item.unknown and not ignore_unknown:
            raise CheckpointVariablesError(
                f"checkpoint {str(item.prefix)!r} holds more than an I3D: {some(item.unknown, 6)} would not be in the "
                "frozen graph",
                hint="if the model answers without them, as with a second head, `i3d freeze --ignore-unknown` goes on",
            )
    origins = dict.fromkeys(item.origin for item in checkpoints)
    spec = i3d_spec(
        stream=checkpoints[0].stream if joint is None else _joint_stream(*checkpoints),
        fusion=None if joint is None else fusion,
        labels=checkpoints[0].labels,
        num_frames=num_frames,
        batch=batch,
        has_embedding=embedding,
        origin=UNKNOWN if UNKNOWN in origins else " + ".join(origins),
        fingerprint="+".join(item.fingerprint for item in checkpoints),
    )
    with staged(output, force=force) as temporary:
        with phase("reading weights"):
            variables = [item.read() for item in checkpoints]
        with phase("loading TensorFlow"):  # late, so that what cannot be frozen is refused at once
            from i3d_edge.freeze.network import Network, build_graph_def
        with phase("writing the frozen graph"):
            networks = [Network(values, item.scope) for values, item in zip(variables, checkpoints, strict=True)]
            graph_def = build_graph_def(networks, spec)
            temporary.write_bytes(graph_def.SerializeToString(deterministic=True))
            sha256 = sha256_file(temporary)
    return FrozenGraphSummary(
        path=output, num_bytes=output.stat().st_size, sha256=sha256, num_nodes=len(graph_def.node), spec=spec
    )


def _opened(checkpoint: Checkpoint | StrPath) -> Checkpoint:
    return checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(Path(checkpoint))


def _joint_stream(rgb: Checkpoint, flow: Checkpoint) -> Any:
    if (rgb.stream, flow.stream) != ("rgb", "flow"):
        raise SpecError(
            f"a joint model needs an rgb and a flow checkpoint, in that order, not {rgb.stream} and {flow.stream}",
            hint="swap the two" if (rgb.stream, flow.stream) == ("flow", "rgb") else "give one of each",
        )
    if rgb.labels != flow.labels:
        raise LabelError(
            f"the two checkpoints have different classes: {len(rgb.labels)} ({rgb.labels.name}) and "
            f"{len(flow.labels)} ({flow.labels.name})"
        )
    return "joint"
