"""Freezing: a checkpoint, or two, becomes a frozen graph.

A frozen graph is a binary GraphDef of constants with the input node `Placeholder`, the logits node
`logits`, the output node `Softmax` that reads it, and a string constant with the ModelSpec as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import CheckpointVariablesError, LabelError, SpecError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import StrPath, sha256_file, staged
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME, NUM_FRAMES, OUTPUT_NAME, i3d_spec
from i3d_edge.core.numbers import LEAST_PROBABILITY
from i3d_edge.core.spec import Fusion, ModelSpec
from i3d_edge.core.spec_file import SPEC_NODE, spec_to_json
from i3d_edge.core.text import some
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.checkpoint import Checkpoint, open_checkpoint
from i3d_edge.freeze.network import Variables, build_features, build_logits

# GraphDef version of TensorFlow 1.15: old enough for any reader, new enough for every op used here.
_GRAPH_PRODUCER = 134


@dataclass(frozen=True, slots=True)
class FrozenGraphSummary:
    """What was written: the file, its size and hash, and the spec inside it."""

    path: Path
    num_bytes: int
    sha256: str
    num_nodes: int
    num_parameters: int
    spec: ModelSpec


@dataclass(frozen=True, slots=True)
class Network:
    """One network's variables by name below the scope, and the scope: "RGB/inception_i3d/" or ""."""

    variables: Variables
    scope: str


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
    spec = i3d_spec(
        stream=checkpoints[0].stream if joint is None else _joint_stream(*checkpoints),
        fusion=None if joint is None else fusion,
        labels=checkpoints[0].labels,
        num_frames=num_frames,
        batch=batch,
        has_embedding=embedding,
        origin=_joint_origin([item.origin for item in checkpoints]),
        fingerprint="+".join(item.fingerprint for item in checkpoints),
    )
    with staged(output, force=force) as temporary:
        networks = [Network(item.read(), item.scope) for item in checkpoints]
        graph_def = build_graph_def(networks, spec)
        temporary.write_bytes(graph_def.SerializeToString(deterministic=True))
        sha256 = sha256_file(temporary)
    return FrozenGraphSummary(
        path=output,
        num_bytes=output.stat().st_size,
        sha256=sha256,
        num_nodes=len(graph_def.node),
        num_parameters=sum(item.num_parameters for item in checkpoints),
        spec=spec,
    )


def _opened(checkpoint: Checkpoint | StrPath) -> Checkpoint:
    return checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(Path(checkpoint))


def build_graph_def(networks: Sequence[Network], spec: ModelSpec) -> Any:
    """Build the frozen graph of one network, or of an RGB and a flow network.

    Args:
        networks: As many as `spec.inputs`, in that order.
        spec: Decides inputs, fusion and outputs, and is stored in the graph.

    Returns:
        A GraphDef; each input has shape `spec.input_shape(name)` (NDHWC), float32, in [-1, 1].
    """
    with tf.Graph().as_default() as graph:
        answers, embeddings = [], []
        for name, network in zip(spec.inputs, networks, strict=True):
            clip = tf.compat.v1.placeholder(tf.float32, spec.input_shape(name), name=name)
            with tf.name_scope(network.scope):
                features = build_features(clip, network.variables)
                answers.append(build_logits(features, network.variables))
                embeddings.append(features)
        _fuse(answers, spec.fusion)
        if spec.has_embedding:
            pooled = [tf.squeeze(features, axis=(2, 3)) for features in embeddings]
            tf.reduce_mean(pooled[0] if len(pooled) == 1 else tf.concat(pooled, axis=2), axis=1, name=EMBEDDING_NAME)
        tf.constant(spec_to_json(spec), name=SPEC_NODE)
        graph_def = graph.as_graph_def()
    graph_def.versions.producer = _GRAPH_PRODUCER
    return graph_def


def _fuse(answers: Sequence[Any], fusion: Fusion | None) -> None:
    """Add the nodes `logits` and `Softmax`. `answers`: logits per temporal position, (N, D', num_classes)."""
    if fusion is None:
        logits = tf.reduce_mean(answers[0], axis=1, name=LOGITS_NAME)
    elif fusion == "logits":
        rgb, flow = (tf.reduce_mean(answer, axis=1) for answer in answers)
        logits = tf.add(rgb, flow, name=LOGITS_NAME)
    else:
        # The softmax of a logarithm of probabilities is those probabilities.
        rgb, flow = (
            tf.nn.softmax(tf.reduce_mean(answer, axis=1), name=f"{stream}_probabilities")
            for stream, answer in zip(("rgb", "flow"), answers, strict=True)
        )
        mean = tf.maximum(tf.multiply(tf.add(rgb, flow), 0.5), LEAST_PROBABILITY)
        logits = tf.math.log(mean, name=LOGITS_NAME)
    tf.nn.softmax(logits, name=OUTPUT_NAME)


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


def _joint_origin(origins: Sequence[str]) -> str:
    """Name where the weights come from; an unknown among them makes the whole unknown."""
    return UNKNOWN if UNKNOWN in origins else " + ".join(dict.fromkeys(origins))
