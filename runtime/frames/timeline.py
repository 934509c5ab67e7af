"""A video's clock: when each frame is shown, and which frame a clip sampled at a fixed rate sees."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Timeline:
    """Display times of a video's frames, exact.

    Frame i is shown during [ticks[i], ticks[i + 1]), the last one until `end_tick`.

    Attributes:
        ticks: Strictly increasing, in units of `time_base`.
        end_tick: When the last frame's display ends; above the last tick.
        time_base: Length of a tick. Unit: seconds.
    """

    ticks: tuple[int, ...]
    end_tick: int
    time_base: Fraction

    @property
    def num_frames(self) -> int:
        """Number of source frames."""
        return len(self.ticks)

    @property
    def duration_s(self) -> float:
        """From the first frame's time to the end of the last frame's display."""
        return float((self.end_tick - self.ticks[0]) * self.time_base)

    @property
    def mean_fps(self) -> float:
        """Source frames per second, on average."""
        return self.num_frames / self.duration_s

    def num_samples(self, rate_fps: int) -> int:
        """Return how many samples at a fixed rate fall within the video.

        Sample k is taken at the first frame's time + k / rate; at least one sample fits.

        Example:
            3 frames at 30 fps last 0.1 s: samples at 0, 0.04 and 0.08 s -> 3 at 25 fps.
        """
        span = (self.end_tick - self.ticks[0]) * self.time_base * rate_fps
        return -(-span.numerator // span.denominator)

    def frame_at(self, sample: int, rate_fps: int) -> int:
        """Return the index of the frame on display at a sample's time.

        Example:
            30 fps sampled at 25 fps: samples 0..5 (0, 40, 80, 120, 160, 200 ms) see frames 0 1 2 3 4 6.
        """
        offset = Fraction(sample, rate_fps) / self.time_base
        return bisect_right(self.ticks, self.ticks[0] + offset.numerator // offset.denominator) - 1
