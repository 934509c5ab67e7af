"""The frozen graph as the reference that later stages are held to: opened and run by TensorFlow, in float32."""

from pathlib import Path

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import FrozenGraphError
from i3d_edge.core.i3d_spec import FLOW_INPUT_NAME, INPUT_NAME, OUTPUT_NAME
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.graph_def import read_graph_def
from i3d_edge.freeze.tensorflow_graph import Feeds, TensorFlowGraph


class FrozenGraph(TensorFlowGraph):
    """A frozen graph opened for running, ours or Open Model Zoo's; a context manager.

    Attributes:
        spec: What the graph says of itself, or None where it says nothing.
    """

    def __init__(self, path: Path, *, num_frames: int | None = None, batch: int | None = None) -> None:
        """Load a .pb for clips of its own length and batch, or these; raises FrozenGraphError if it is none."""
        from google.protobuf.message import DecodeError  # it comes with TensorFlow

        self.spec = read_graph_def(path).spec
        try:
            graph_def = tf.compat.v1.GraphDef.FromString(read_bytes(path, max_bytes=MAX_MODEL_BYTES))
            nodes = {node.name: node for node in graph_def.node}
            names = [name for name in (INPUT_NAME, FLOW_INPUT_NAME) if name in nodes]
            for name in names:
                sizes = nodes[name].attr["shape"].shape.dim
                for axis, length in ((0, batch), (1, num_frames)):
                    if length is not None:
                        sizes[axis].size = length
            with tf.Graph().as_default() as graph:
                tf.import_graph_def(graph_def, name="")
            inputs = {name: graph.get_tensor_by_name(f"{name}:0") for name in names}
            logits = graph.get_operation_by_name(OUTPUT_NAME).inputs[0]
        except (DecodeError, IndexError, KeyError, ValueError) as error:
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
