"""One frame of a live source."""

from dataclasses import dataclass, field
from fractions import Fraction

from av.video.frame import VideoFrame

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.frames.rgb import RgbConverter


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame, when it is shown, and when it came."""

    time: Fraction  # seconds since the source's first frame, exact, growing from frame to frame
    arrived_s: float  # on the monotonic clock
    wall_s: float  # the same on the wall clock, in seconds since 1970
    image: VideoFrame | UInt8Array  # as decoded, or as RGB already; turned into RGB only where it is sampled
    to_rgb: RgbConverter = field(default_factory=RgbConverter, repr=False, compare=False)

    def rgb(self) -> UInt8Array:
        """Return its pixels, upright, shape (H, W, 3), uint8, RGB 0..255."""
        return self.to_rgb(self.image) if isinstance(self.image, VideoFrame) else self.image
