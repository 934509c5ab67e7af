"""What a model answers to one stream, whether it takes whole clips or follows the stream in steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.messages import Say
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.ir import Ir
from i3d_edge.runtime.live.gears import Gears
from i3d_edge.runtime.steps.opening import window_ir


def open_engines(
    ir_path: Path, ir: Ir, *, say: Say, may_leave_steps: bool = False, **engine: Any
) -> tuple[Engine, Engine | None]:
    """Compile a model that was read for streams, and a step model's window network, if needed and beside it.

    With `may_leave_steps` exact steps need it, too. `engine` are further arguments of `Engine`; its errors are raised.
    """
    (_, spec), window = ir, None
    if (stepping := spec.stepping) and (may_leave_steps or stepping.mode == "continuous"):
        if path := window_ir(ir_path, stepping):
            window = Engine(path, **engine)
        elif stepping.mode == "continuous":
            say(
                f"answers begin after {spec.first_answer} frames: the IR that the steps were made from would "
                f"answer until then, but is not in {str(ir_path.parent)!r}"
            )
    return Engine(ir_path, ir=ir, **engine), window


class StreamAnswers:
    """Answers the clips of one stream, in order; many streams may share engines.

    A step model is shown the newest frames of each. Until its answers count, `window`, what it was made from, answers
    unless another clip waits, as `is_behind` says. `gears` say whether steps are followed, always if None.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        window: Engine | None = None,
        is_behind: Callable[[], bool] = lambda: False,
        gears: Gears | None = None,
    ) -> None:
        self.engine = engine
        self._session, self._spec = engine.session(), engine.spec
        self._window, self._is_behind, self._gears = window, is_behind, gears

    def infer(self, clip: UInt8Array) -> Float32Array | None:
        """Return probabilities, shape (num_classes,), or None where there is no answer yet.

        A clip is in the layout of the spec, uint8, with `num_frames` frames, or fewer where steps begin.
        """
        is_whole = clip.shape[self._spec.layout.index("D")] == self._spec.num_frames
        if self._window and self._gears and not self._gears.in_steps:
            self._session.reset()
            return self._window.probabilities(clip) if is_whole else None
        answer = self._session.feed(self._newest(clip))
        if answer is None and self._window and is_whole and not self._is_behind():
            answer = self._window.probabilities(clip)
        return answer

    def restart(self) -> None:
        """Forget the clips so far: the next one does not follow them."""
        self._session.reset()

    def _newest(self, clip: UInt8Array) -> UInt8Array:
        stepping, axis = self._spec.stepping, self._spec.layout.index("D")
        if stepping is None:
            return clip
        end = clip.shape[axis]
        # A stream's first frame stands for those before it.
        return clip.take(np.arange(end - stepping.hop, end).clip(0), axis)
