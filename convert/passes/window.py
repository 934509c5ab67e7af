"""Windows in time: which frames each output of a convolution or pool sees, when frames lie along the batch axis."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13 as ops


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides over frames.

    Example:
        5 frames, 3 taps, stride 2, one frame of padding on either side -> it sees [. 0 1], [1 2 3] and [3 4 .]
    """

    length: int
    taps: int  # frames that the window sees at a time
    stride: int  # frames by which it moves on
    before: int  # frames of padding; so is `after`
    after: int

    @property
    def num_places(self) -> int:
        """Places of the window: frames of what is computed."""
        return (self.before + self.length + self.after - self.taps) // self.stride + 1

    def inside(self) -> npt.NDArray[np.bool_]:
        """Return where the window sees a frame and not padding, shape (num_places, taps)."""
        frame = np.arange(self.num_places)[:, np.newaxis] * self.stride + np.arange(self.taps) - self.before
        return (frame >= 0) & (frame < self.length)

    def views(self, frames: ov.Output, mode: Literal["constant", "edge"], *, name: str) -> list[ov.Output]:
        """Return for each tap what it sees at all places, (num_places, C, H, W), of frames (length, C, H, W).

        Padding is "constant" zeros, or the nearest frame, "edge", which the window sees too wherever it reaches into
        the padding, so that a maximum is the same as without.
        """
        if (self.taps, self.stride, self.before, self.after) == (1, 1, 0, 0):
            return [frames]
        if self.before or self.after:
            ends = [self.before, 0, 0, 0], [self.after, 0, 0, 0]
            zero = ops.constant(0, dtype=frames.get_element_type()) if mode == "constant" else None
            frames = ops.pad(frames, *ends, mode, zero, name=f"{name}/pad").output(0)
        return [self._view(frames, tap, f"{name}/tap_{tap}") for tap in range(self.taps)]

    def _view(self, padded: ov.Output, tap: int, name: str) -> ov.Output:
        # StridedSlice, not the newer Slice: NNCF lets no quantization through the latter.
        end = tap + (self.num_places - 1) * self.stride + 1
        begin, stop, step = (ops.constant([number]) for number in (tap, end, self.stride))
        return ops.strided_slice(padded, begin, stop, step, begin_mask=[0], end_mask=[0], name=name).output(0)
