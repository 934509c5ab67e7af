"""The frozen graph: written from a checkpoint, and run as the reference that later stages are held to.

A frozen graph is a binary GraphDef of constants with the input node `Placeholder`, the logits node
`logits`, the output node `Softmax` that reads it, and a string constant with the ModelSpec as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from freeze import inception_i3d
from freeze._tensorflow import tf
from freeze.checkpoint import Checkpoint
from i3d_edge.errors import ClipShapeError, FrozenGraphError
from i3d_edge.files import sha256_file, staged
from i3d_edge.spec import INPUT_NAME, LOGITS_NAME, OUTPUT_NAME, ModelSpec

SPEC_NODE = "i3d_edge/spec"

# GraphDef version of TensorFlow 1.15: old enough for any reader, new enough for every op used here.
_GRAPH_PRODUCER = 134

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FrozenGraphSummary:
    """What was written: the file, its size and hash, and the spec inside it."""

    path: Path
    num_bytes: int
    sha256: str
    num_nodes: int
    num_parameters: int
    spec: ModelSpec


def freeze_checkpoint(
    checkpoint: Checkpoint, output: Path, *, num_frames: int = 79, force: bool = False
) -> FrozenGraphSummary:
    """Write a checkpoint as a frozen graph. The same checkpoint gives the same bytes.

    Args:
        checkpoint: From `open_checkpoint`.
        output: The .pb file.
        num_frames: Length of the clip that the graph takes, D; 9 at least.
        force: Replace an existing file.

    Returns:
        What was written.

    Raises:
        CheckpointDamagedError: If a tensor fails its checksum.
        OutputError: If the file exists (without `force`) or cannot be written.
        SpecError: If `num_frames` is below 9.
    """
    spec = ModelSpec(
        stream=checkpoint.stream,
        labels=checkpoint.labels,
        num_frames=num_frames,
        origin=checkpoint.origin,
        fingerprint=checkpoint.fingerprint,
    )
    with staged(output, force=force) as temporary:
        variables = checkpoint.read()
        graph_def = build_graph_def(variables, checkpoint.scope, spec)
        temporary.write_bytes(graph_def.SerializeToString(deterministic=True))
        sha256 = sha256_file(temporary)
    return FrozenGraphSummary(
        path=output,
        num_bytes=output.stat().st_size,
        sha256=sha256,
        num_nodes=len(graph_def.node),
        num_parameters=sum(value.size for value in variables.values()),
        spec=spec,
    )


def build_graph_def(variables: inception_i3d.Variables, scope: str, spec: ModelSpec) -> Any:
    """Build the frozen graph of a network.

    Args:
        variables: Arrays by name below the scope, as `inception_i3d.variable_shapes` lists them.
        scope: What stands before the names, "RGB/inception_i3d/" or "".
        spec: Decides the input's shape, and is stored in the graph.

    Returns:
        A GraphDef; `Placeholder` has shape `spec.clip_shape` (NDHWC), float32, in [-1, 1].
    """
    with tf.Graph().as_default() as graph:
        clip = tf.compat.v1.placeholder(tf.float32, spec.clip_shape, name=INPUT_NAME)
        with tf.name_scope(scope or None):
            features = inception_i3d.build_features(clip, variables)
            logits = inception_i3d.build_logits(features, variables)
        logits = tf.reduce_mean(logits, axis=1, name=LOGITS_NAME)
        tf.nn.softmax(logits, name=OUTPUT_NAME)
        tf.constant(spec.to_json(), name=SPEC_NODE)
        graph_def = graph.as_graph_def()
    graph_def.versions.producer = _GRAPH_PRODUCER
    return graph_def


class FrozenGraph:
    """A frozen graph opened for running, ours or Open Model Zoo's; a context manager.

    Attributes:
        path: The .pb file.
        spec: What the graph says of itself, or None where it says nothing.
        clip_shape: Shape of `Placeholder`, NDHWC.
    """

    def __init__(self, path: Path) -> None:
        """Read and load the graph.

        Raises:
            FrozenGraphError: If the file is absent, is not a GraphDef, or lacks the nodes.
        """
        self.path = path
        graph_def = _read_graph_def(path)
        nodes = {node.name: node for node in graph_def.node}
        for name in (INPUT_NAME, OUTPUT_NAME):
            if name not in nodes:
                raise FrozenGraphError(
                    f"frozen graph {str(path)!r} must have a node {name!r}; its {len(nodes)} nodes are named otherwise",
                    hint="`i3d freeze` makes such a graph from a checkpoint",
                )
        self.spec = (
            ModelSpec.from_json(nodes[SPEC_NODE].attr["value"].tensor.string_val[0]) if SPEC_NODE in nodes else None
        )
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        self._input = graph.get_tensor_by_name(f"{INPUT_NAME}:0")
        self._logits = graph.get_operation_by_name(OUTPUT_NAME).inputs[0]
        self.clip_shape = tuple(self._input.shape)
        self._session = tf.compat.v1.Session(graph=graph)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release TensorFlow's session."""
        self._session.close()

    def logits(self, clip: Float32Array) -> Float32Array:
        """Run one clip in float32.

        Args:
            clip: Shape `clip_shape`, NDHWC, normalised to [-1, 1].

        Returns:
            What enters the softmax, shape (num_classes,), float32.

        Raises:
            ClipShapeError: If the clip has another shape.
        """
        if clip.shape != self.clip_shape:
            raise ClipShapeError(
                f"clip must have layout NDHWC {self.clip_shape} float32; got {clip.shape} {clip.dtype}"
            )
        result: Float32Array = self._session.run(self._logits, {self._input: clip})[0]
        return result


def run_frozen_graph(path: Path, clips: list[Float32Array]) -> list[Float32Array]:
    """Run clips through a frozen graph, one after the other; see `FrozenGraph.logits`."""
    with FrozenGraph(path) as graph:
        return [graph.logits(clip) for clip in clips]


def _read_graph_def(path: Path) -> Any:
    try:
        graph_def = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    except FileNotFoundError:
        raise FrozenGraphError(f"frozen graph {str(path)!r} must be a file; there is none") from None
    except (DecodeError, OSError) as error:
        raise FrozenGraphError(
            f"frozen graph {str(path)!r} must be a binary GraphDef; got {error}",
            hint="a checkpoint or SavedModel is frozen by `i3d freeze`",
        ) from error
    return graph_def
