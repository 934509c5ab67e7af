"""One stream through a model: what it shows in, answers out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openvino as ov

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.inputs import Inputs, check_inputs


class Session:
    """Follows one stream, from `Engine.session`. A step model remembers in it what came before; not thread-safe.

    A model of whole clips can be fed, too: it answers each clip, and has nothing to forget.
    """

    def __init__(self, request: ov.InferRequest, spec: ModelSpec, read: Callable[[Any], Float32Array]) -> None:
        """Begin a stream.

        Args:
            request: Nobody else's.
            spec: The model's.
            read: Takes what the request returns; returns answers, shape (N, num_classes).
        """
        self._request, self._spec, self._read = request, spec, read
        self._num_fed = 0

    def feed(self, inputs: Inputs) -> Float32Array | None:
        """Show the next frames of the stream, as many as the model takes.

        Args:
            inputs: As for `Engine.probabilities`; of a step model the `stepping.hop` frames after those before.

        Returns:
            Probabilities, shape (num_classes,), float32, summing to 1; None until a step model has seen enough.

        Raises:
            ClipShapeError: If an input has another layout, shape, dtype or range, or another name.
            NotFiniteError: If the model gives NaN.
        """
        results = self._request.infer(check_inputs(inputs, self._spec), share_inputs=True)
        self._num_fed += 1
        stepping = self._spec.stepping
        if stepping and self._num_fed < stepping.warm_up:
            return None
        answer: Float32Array = self._read(results)[0]
        return answer

    def reset(self) -> None:
        """Forget the stream: the next frames do not follow those before."""
        self._num_fed = 0
        self._request.reset_state()
