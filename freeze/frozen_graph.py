"""The frozen graph as the reference that later stages are held to: opened and run by TensorFlow, in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import FrozenGraphError, SpecError
from i3d_edge.core.i3d_spec import FLOW_INPUT_NAME, INPUT_NAME, OUTPUT_NAME
from i3d_edge.core.spec_file import SPEC_NODE, read_spec
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.tensorflow_graph import Feeds, TensorFlowGraph


class FrozenGraph(TensorFlowGraph):
    """A frozen graph opened for running, ours or Open Model Zoo's; a context manager.

    Attributes:
        spec: What the graph says of itself, or None where it says nothing.
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
            inputs = {name: graph.get_tensor_by_name(f"{name}:0") for name in names}
            logits = graph.get_operation_by_name(OUTPUT_NAME).inputs[0]
        except (IndexError, KeyError, ValueError, SpecError) as error:
            raise FrozenGraphError(
                f"TensorFlow cannot load frozen graph {str(path)!r}: {str(error).splitlines()[0]}"
            ) from error
        shapes = {name: tuple(tensor.shape) for name, tensor in inputs.items()}
        super().__init__(tf.compat.v1.Session(graph=graph), f"frozen graph {str(path)!r}", inputs, shapes, logits)


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
        raise FrozenGraphError(f"no frozen graph {str(path)!r}") from None
    except (DecodeError, OSError) as error:
        raise FrozenGraphError(
            f"{str(path)!r} is no frozen graph: {error}",
            hint="a checkpoint or SavedModel is frozen by `i3d freeze`",
        ) from error
    return graph_def
