"""One stream through a model: what it shows in, answers out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openvino as ov

from i3d_edge.core.arrays import Array
from i3d_edge.core.spec import Stepping
from i3d_edge.runtime.inference.answers import Answer
from i3d_edge.runtime.inference.inputs import Inputs


class Session:
    """Follows one stream, from `Engine.session`. A step model remembers in it what came before; not thread-safe.

    A model of whole clips can be fed, too: it answers each clip, and has nothing to forget.
    """

    def __init__(
        self,
        request: ov.InferRequest,
        stepping: Stepping | None,
        values: Callable[[Inputs], Mapping[str, Array]],
        read: Callable[[Any], Sequence[Answer]],
    ) -> None:
        """Begin a stream in a request of its own; `values` checks what is fed, `read` gives the answers."""
        self._request, self._values, self._read = request, values, read
        self._stepping, self._num_fed = stepping, 0

    def feed(self, inputs: Inputs) -> Answer | None:
        """Show the next frames of the stream, as many as the model takes; return what `Engine.probabilities` does.

        A step model takes the `stepping.hop` frames after those before, and gives None until it has seen enough.
        """
        results = self._request.infer(self._values(inputs), share_inputs=True)
        self._num_fed += 1
        if self._stepping and self._num_fed < self._stepping.warm_up:
            return None
        return self._read(results)[0]

    def reset(self) -> None:
        """Forget the stream: the next frames do not follow those before."""
        self._num_fed = 0
        if self._stepping:  # AUTO's requests of several devices cannot even be asked for it
            self._request.reset_state()
