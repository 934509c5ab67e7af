"""How many frames lie between the windows of a stream."""

from __future__ import annotations

import math

HEADROOM = 1.15
"""Share of the time, beside 1, that is left for decoding and for clips that take longer."""
_FORGET = 0.1


class Hop:
    """The step between windows, in frames: fixed, or as small as the machine keeps up with.

    An automatic step is what a live stream delivers in the time that a window takes, with some headroom. It grows at
    once when a window takes longer, and shrinks slowly when windows take less.

    Example:
        25 fps, each window takes 0.2 s -> 0.2 x 25 x 1.15 = 5.75 -> every 6 frames.
    """

    def __init__(self, num_frames: int, *, is_auto: bool = False) -> None:
        """Begin with a step, which only `is_auto` lets change."""
        self.num_frames = num_frames
        self._is_auto = is_auto
        self._seconds: float | None = None

    def took(self, seconds: float, rate_fps: float) -> None:
        """Learn how long a window took until the next could be taken, and how many samples come a second."""
        if not self._is_auto:
            return
        if self._seconds is None or seconds >= self._seconds:
            self._seconds = seconds
        else:
            self._seconds += _FORGET * (seconds - self._seconds)
        self.num_frames = max(1, math.ceil(self._seconds * rate_fps * HEADROOM))
