"""A TF-Hub module of I3D run as DeepMind published it: their graph, their variables, in TensorFlow, in float32.

`freeze_checkpoint` takes such a module's variables and builds the network anew. Here nothing of ours computes, so
this is the original that everything else is compared with.

Source of the range: in `saved_model.pb` of i3d-kinetics-400/1 the first convolution reads the signature's input itself,
with nothing between that would rescale it. So a module takes what its weights were trained on, [-1, 1], and not
the [0, 1] that is usual for TF-Hub's image modules. On DeepMind's cricket sample [-1, 1] gives what the
checkpoint gives (docs/reference/checkpoints.md).
"""

from pathlib import Path
from typing import Any

from i3d_edge.core.errors import CheckpointDamagedError, CheckpointError
from i3d_edge.core.i3d_spec import INPUT_NAME, NUM_FRAMES, i3d_spec
from i3d_edge.core.spec import ModelSpec
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.checkpoint import open_checkpoint
from i3d_edge.freeze.checkpoint_files import SAVED_MODEL_NAME
from i3d_edge.freeze.tensorflow_graph import TensorFlowGraph

_SIGNATURE = "default"
_HINT = "take version 1 of the TF-Hub module"


class HubModule(TensorFlowGraph):
    """A TF-Hub module (TF1 hub format) opened for running.

    Attributes:
        spec: What its variables and the requested clip length make it.
    """

    def __init__(self, path: Path, *, num_frames: int = NUM_FRAMES) -> None:
        """Load a module for clips of so many frames, which it leaves open; raises CheckpointError if it is none."""
        title = f"TF-Hub module {str(path)!r}"
        checkpoint = open_checkpoint(path)
        if not (path / SAVED_MODEL_NAME).is_file():
            raise CheckpointError(f"{title} has no {SAVED_MODEL_NAME}")
        self.spec = i3d_spec(
            stream=checkpoint.stream,
            labels=checkpoint.labels,
            origin=checkpoint.origin,
            fingerprint=checkpoint.fingerprint,
            num_frames=num_frames,
        )
        session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            with session.graph.as_default():
                signatures = tf.compat.v1.saved_model.load(session, [], str(path)).signature_def
        except (tf.errors.OpError, OSError, RuntimeError, ValueError) as error:
            raise CheckpointDamagedError(
                f"{title} cannot be loaded by TensorFlow as a SavedModel without tags: {str(error).splitlines()[0]}",
                hint=_HINT,
            ) from error
        if _SIGNATURE not in signatures:
            raise CheckpointError(
                f"{title} has no signature {_SIGNATURE!r}, only {', '.join(map(repr, signatures)) or 'nothing'}",
                hint=_HINT,
            )
        clip, logits = _ends(title, session.graph, signatures[_SIGNATURE], self.spec)
        super().__init__(session, title, {INPUT_NAME: clip}, {INPUT_NAME: self.spec.clip_shape}, logits)


def _ends(title: str, graph: Any, signature: Any, spec: ModelSpec) -> tuple[Any, Any]:
    """Return a signature's tensors: it has to take a clip and give logits."""
    ports = (*signature.inputs.values(), *signature.outputs.values())
    tensors = [graph.get_tensor_by_name(port.name) for port in ports]
    expected = (spec.clip_shape, (1, spec.num_classes))
    if (len(signature.inputs), list(signature.outputs)) != (1, [_SIGNATURE]) or not all(
        item.dtype == tf.float32 and item.shape.is_compatible_with(shape)
        for item, shape in zip(tensors, expected, strict=True)
    ):
        raise CheckpointError(
            f"{title} does not turn a clip {expected[0]} into logits {expected[1]}, float32: "
            f"its signature has {', '.join(f'{item.shape} {item.dtype.name}' for item in tensors)}"
        )
    clip, logits = tensors
    return clip, logits
