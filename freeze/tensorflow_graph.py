"""A network in a TensorFlow session, on the CPU, in float32: what later stages are compared with."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import ClipShapeError, NotFiniteError

Feeds = Mapping[str, Float32Array]
"""Input name -> array, NDHWC, in [-1, 1]."""

_LAYER_TYPES = ("Relu", "ConcatV2")
"""Operators whose outputs are layers: what ends a unit, and what ends an Inception block."""


class TensorFlowGraph:
    """A network opened for running; a context manager.

    Attributes:
        title: For messages.
        input_shapes: Shape of each input by name, NDHWC.
    """

    def __init__(
        self, session: Any, title: str, inputs: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], logits: Any
    ) -> None:
        """Take over a session, and the tensors in it that are inputs, by name, and logits."""
        self.title = title
        self.input_shapes = shapes
        self._session = session
        self._inputs = inputs
        self._logits = logits

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def logits(self, feeds: Feeds) -> Float32Array:
        """Return what enters the softmax, (N, num_classes), float32; raises ClipShapeError or NotFiniteError."""
        result: Float32Array = self.run(self._logits, feeds)
        return result

    def layers(self, feeds: Feeds) -> dict[str, Float32Array]:
        """Return the output of every unit and concatenation by its name, NDHWC, in order; see `logits`."""
        operations = [item for item in self._session.graph.get_operations() if item.type in _LAYER_TYPES]
        values = self.run([item.outputs[0] for item in operations], feeds)
        return {item.name: array for item, array in zip(operations, values, strict=True)}

    def run(self, output: Any, feeds: Feeds) -> Any:
        """Return the values of a tensor, or of a list of them, as arrays; see `logits`."""
        for name, shape in self.input_shapes.items():
            got = f"{feeds[name].shape} {feeds[name].dtype}" if name in feeds else "nothing"
            if name not in feeds or feeds[name].shape != shape:
                raise ClipShapeError(f"{name} must have layout NDHWC {shape} float32; got {got}")
        result = self._session.run(output, {tensor: feeds[name] for name, tensor in self._inputs.items()})
        if not all(np.isfinite(values).all() for values in (result if isinstance(output, list) else [result])):
            raise NotFiniteError(f"{self.title} gives NaN or infinity")
        return result
