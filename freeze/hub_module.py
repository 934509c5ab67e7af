"""A TF-Hub module of I3D run as DeepMind published it: their graph, their variables, in TensorFlow, in float32.

`freeze_checkpoint` takes such a module's variables and builds the network anew. Here nothing of ours computes, so
this is the original that everything else is compared with.

Source of the range: in `saved_model.pb` of i3d-kinetics-400/1 the first convolution reads the signature's input itself,
with nothing between that would rescale it. So a module takes what its weights were trained on, [-1, 1], and not
the [0, 1] that is usual for TF-Hub's image modules. On DeepMind's cricket sample [-1, 1] gives what the
checkpoint gives (docs/reference/checkpoints.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointError, ClipShapeError, NotFiniteError
from i3d_edge.core.i3d_spec import INPUT_NAME, NUM_FRAMES, i3d_spec
from i3d_edge.core.spec import ModelSpec
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.checkpoint import SAVED_MODEL_NAME, Checkpoint, open_checkpoint
from i3d_edge.freeze.frozen_graph import LAYER_TYPES, Feeds

_SIGNATURE = "default"


class HubModule:
    """A TF-Hub module (TF1 hub format) opened for running.

    Attributes:
        path: The module's folder.
        spec: What its variables and the requested clip length make it.
    """

    def __init__(self, path: Path, *, num_frames: int = NUM_FRAMES) -> None:
        """Check the module's variables, load its graph and look at its signature.

        Args:
            path: A folder with `saved_model.pb` and `variables/`.
            num_frames: Frames in a clip, D; the module itself leaves it open.

        Raises:
            CheckpointError: If it is no TF-Hub module of I3D, or a part of it is absent or damaged.
        """
        checkpoint = open_checkpoint(path)
        if not (path / SAVED_MODEL_NAME).is_file():
            raise CheckpointError(f"TF-Hub module {str(path)!r} must be a folder with a {SAVED_MODEL_NAME}")
        self.path = path
        self.spec = i3d_spec(
            stream=checkpoint.stream,
            labels=checkpoint.labels,
            origin=checkpoint.origin,
            fingerprint=checkpoint.fingerprint,
            num_frames=num_frames,
        )
        self._loaded = _load(path, checkpoint)  # its variables live as long as it does
        self._signature = _signature(path, self._loaded, self.spec)

    def logits(self, feeds: Feeds) -> Float32Array:
        """Run DeepMind's graph.

        Args:
            feeds: One clip under the network's input name, (1, D, 224, 224, C), float32, in [-1, 1].

        Returns:
            The module's output, which is before the softmax, shape (1, num_classes), float32.

        Raises:
            ClipShapeError: If the input is absent or has another shape.
            NotFiniteError: If the output is not finite.
        """
        [name] = self._signature.structured_input_signature[1]
        logits = self._signature(**{name: self._clip(feeds)})[_SIGNATURE].numpy()
        self._require_finite(logits)
        return np.asarray(logits, np.float32)

    def layers(self, feeds: Feeds) -> Mapping[str, Float32Array]:
        """Run DeepMind's graph and return the output of every unit and concatenation by its name; see `logits`.

        Returns:
            Arrays (1, D, H, W, C), float32, in the order of the graph.
        """
        graph = self._signature.graph
        units = [item for item in graph.get_operations() if item.type in LAYER_TYPES]
        run = self._signature.prune([self._signature.inputs[0]], [item.outputs[0] for item in units])
        values = [value.numpy() for value in run(self._clip(feeds))]
        self._require_finite(*values)
        return {item.name: value for item, value in zip(units, values, strict=True)}

    def _clip(self, feeds: Feeds) -> Any:
        shape = self.spec.clip_shape
        clip = feeds.get(INPUT_NAME)
        if clip is None or clip.shape != shape:
            got = "nothing" if clip is None else f"{clip.shape} {clip.dtype}"
            raise ClipShapeError(f"{INPUT_NAME} must have layout NDHWC {shape} float32; got {got}")
        return tf.constant(clip, tf.float32)

    def _require_finite(self, *outputs: npt.NDArray[np.floating]) -> None:
        if not all(np.isfinite(values).all() for values in outputs):
            raise NotFiniteError(f"TF-Hub module {str(self.path)!r} must give finite numbers; got NaN or infinity")


def _load(path: Path, checkpoint: Checkpoint) -> Any:
    try:
        return tf.saved_model.load(str(path), tags=[])
    except (tf.errors.OpError, OSError, RuntimeError, ValueError) as error:
        checkpoint.read()  # names the tensor, if it is one that is damaged
        raise CheckpointDamagedError(
            f"TF-Hub module {str(path)!r} must be a SavedModel without tags that TensorFlow can load; "
            f"got {str(error).splitlines()[0]}",
            hint="take version 1 of the TF-Hub module",
        ) from error


def _signature(path: Path, loaded: Any, spec: ModelSpec) -> Any:
    """Return the signature that takes a clip and gives logits."""
    if _SIGNATURE not in loaded.signatures:
        raise CheckpointError(
            f"TF-Hub module {str(path)!r} must have a signature {_SIGNATURE!r}; "
            f"got {', '.join(map(repr, loaded.signatures)) or 'none'}",
            hint="take version 1 of the TF-Hub module",
        )
    signature = loaded.signatures[_SIGNATURE]
    inputs = list(signature.structured_input_signature[1].values())
    outputs = signature.structured_outputs
    expected = (spec.clip_shape, (1, spec.num_classes))
    fits = (
        len(inputs) == 1
        and list(outputs) == [_SIGNATURE]
        and all(
            item.dtype == tf.float32 and item.shape.is_compatible_with(shape)
            for item, shape in zip((inputs[0], outputs[_SIGNATURE]), expected, strict=True)
        )
    )
    if not fits:
        got = [f"{item.shape} {item.dtype.name}" for item in (*inputs, *outputs.values())]
        raise CheckpointError(
            f"TF-Hub module {str(path)!r} must turn a clip {expected[0]} into logits {expected[1]}, float32; "
            f"its signature has {', '.join(got)}"
        )
    return signature
