"""One frame of a live source."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from av.video.frame import VideoFrame

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.frames.rgb import RgbConverter


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame, when it is shown, and when it came.

    Attributes:
        time: Stream time: seconds since the source's first frame, exact, growing from frame to frame.
        arrived_s: On the monotonic clock.
        wall_s: The same on the wall clock, in seconds since 1970.
        image: As decoded, or as RGB already. Turned into RGB only where it is sampled.
    """

    time: Fraction
    arrived_s: float
    wall_s: float
    image: VideoFrame | UInt8Array
    to_rgb: RgbConverter = field(default_factory=RgbConverter, repr=False, compare=False)

    def rgb(self) -> UInt8Array:
        """Return its pixels, upright, shape (H, W, 3), uint8, RGB 0..255."""
        return self.to_rgb(self.image) if isinstance(self.image, VideoFrame) else self.image
