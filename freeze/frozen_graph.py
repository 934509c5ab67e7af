"""The frozen graph as the reference that later stages are held to: opened and run by TensorFlow, in float32."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import ClipShapeError, FrozenGraphError, NotFiniteError, SpecError
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, FLOW_INPUT_NAME, INPUT_NAME, OUTPUT_NAME
from i3d_edge.core.spec_file import SPEC_NODE, read_spec
from i3d_edge.freeze._tensorflow import tf

Feeds = Mapping[str, Float32Array]
"""Input name -> array, NDHWC, in [-1, 1]."""

LAYER_TYPES = ("Relu", "ConcatV2")
"""Operators whose outputs are layers: what ends a unit, and what ends an Inception block."""


class FrozenGraph:
    """A frozen graph opened for running, ours or Open Model Zoo's; a context manager.

    Attributes:
        path: The .pb file.
        spec: What the graph says of itself, or None where it says nothing.
        input_shapes: Shape of each input by name, NDHWC.
    """

    def __init__(self, path: Path, *, num_frames: int | None = None, batch: int | None = None) -> None:
        """Read and load the graph.

        Args:
            path: The .pb file.
            num_frames: Frames in a clip, if not as many as it was frozen for; the network is convolutional in time.
            batch: Clips at once, if not as many as it was frozen for.

        Raises:
            FrozenGraphError: If the file is absent, is not a GraphDef, or lacks the nodes.
        """
        self.path = path
        graph_def = _read_graph_def(path)
        nodes = {node.name: node for node in graph_def.node}
        for name in (INPUT_NAME, OUTPUT_NAME):
            if name not in nodes:
                raise FrozenGraphError(
                    f"frozen graph {str(path)!r} has no node {name!r} among its {len(nodes)}: it is no I3D",
                    hint="`i3d freeze` makes such a graph from a checkpoint",
                )
        names = [name for name in (INPUT_NAME, FLOW_INPUT_NAME) if name in nodes]
        try:
            has_spec = SPEC_NODE in nodes
            self.spec = read_spec(nodes[SPEC_NODE].attr["value"].tensor.string_val[0]) if has_spec else None
            for name in names:
                sizes = nodes[name].attr["shape"].shape.dim
                for axis, length in ((0, batch), (1, num_frames)):
                    if length is not None:
                        sizes[axis].size = length
            with tf.Graph().as_default() as graph:
                tf.import_graph_def(graph_def, name="")
            self._inputs = {name: graph.get_tensor_by_name(f"{name}:0") for name in names}
            self._logits = graph.get_operation_by_name(OUTPUT_NAME).inputs[0]
        except (IndexError, KeyError, ValueError, SpecError) as error:
            raise FrozenGraphError(
                f"frozen graph {str(path)!r} must be a whole graph that TensorFlow can load; "
                f"got {str(error).splitlines()[0]}"
            ) from error
        self._embedding = graph.get_tensor_by_name(f"{EMBEDDING_NAME}:0") if EMBEDDING_NAME in nodes else None
        self.input_shapes = {name: tuple(tensor.shape) for name, tensor in self._inputs.items()}
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

    def logits(self, feeds: Feeds) -> Float32Array:
        """Run the graph in float32.

        Args:
            feeds: An array for each of `input_shapes`.

        Returns:
            What enters the softmax, shape (N, num_classes), float32.

        Raises:
            ClipShapeError: If an input is absent or has another shape.
        """
        result: Float32Array = self._run(self._logits, feeds)
        return result

    def embedding(self, feeds: Feeds) -> Float32Array:
        """Run the graph and return its features, shape (N, 1024), or (N, 2048) for a joint graph; see `logits`.

        Raises:
            FrozenGraphError: If the graph was frozen without them.
        """
        if self._embedding is None:
            raise FrozenGraphError(
                f"frozen graph {str(self.path)!r} must have a node {EMBEDDING_NAME!r}; it was frozen without",
                hint="freeze it with --embedding",
            )
        result: Float32Array = self._run(self._embedding, feeds)
        return result

    def layers(self, feeds: Feeds) -> dict[str, Float32Array]:
        """Run the graph and return the output of every unit and concatenation by its name, NDHWC, in order.

        Raises:
            ClipShapeError: If an input is absent or has another shape.
        """
        operations = [item for item in self._session.graph.get_operations() if item.type in LAYER_TYPES]
        values = self._run([item.outputs[0] for item in operations], feeds)
        return {item.name: array for item, array in zip(operations, values, strict=True)}

    def _run(self, output: Any, feeds: Feeds) -> Any:
        for name, shape in self.input_shapes.items():
            got = f"{feeds[name].shape} {feeds[name].dtype}" if name in feeds else "nothing"
            if name not in feeds or feeds[name].shape != shape:
                raise ClipShapeError(f"{name} must have layout NDHWC {shape} float32; got {got}")
        by_tensor = {tensor: feeds[name] for name, tensor in self._inputs.items()}
        result = self._session.run(output, by_tensor)
        if not all(np.isfinite(values).all() for values in (result if isinstance(output, list) else [result])):
            raise NotFiniteError(f"frozen graph {str(self.path)!r} must give finite numbers; got NaN or infinity")
        return result


def run_frozen_graph(path: Path, clips: list[Feeds]) -> list[Float32Array]:
    """Run clips of one shape through a frozen graph, one after the other; see `FrozenGraph.logits`.

    Their batch and number of frames need not be those that it was frozen for.
    """
    batch, num_frames = next(iter(clips[0].values())).shape[:2]
    with FrozenGraph(path, num_frames=num_frames, batch=batch) as graph:
        return [graph.logits(clip) for clip in clips]


def _read_graph_def(path: Path) -> Any:
    from google.protobuf.message import DecodeError  # it comes with TensorFlow

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
