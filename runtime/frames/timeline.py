"""A video's clock: when each frame is shown, and which frame a clip sampled at a fixed rate sees."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

LONGEST_STILL_S = 60  # how long a frame of a file may be on display, unless most frames are for long
_TIMES_AS_LONG = 10


def longest_step(usual_s: Fraction, longest_s: float = LONGEST_STILL_S) -> Fraction:
    """Return how long a frame can be on display: a longer step to the next one is a gap, in which nothing was filmed.

    Example: 25 fps: 60 s. A time-lapse of a frame every 10 s: 100 s.
    """
    return max(Fraction(longest_s), _TIMES_AS_LONG * usual_s)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Display times of a video's frames, exact.

    Frame i is shown during [ticks[i], ticks[i + 1]), the last one until `end_tick`.
    """

    ticks: tuple[int, ...]  # strictly increasing, in units of `time_base`
    end_tick: int  # when the last frame's display ends; above the last tick
    time_base: Fraction  # length of a tick. Unit: seconds

    def filmed(self) -> tuple[Timeline, dict[float, float]]:
        """Leave out gaps, see `longest_step`; also return how many seconds are left out at which of the new times.

        Example: Ticks of 1 s: [0, 1, 2, 3600, 3601], end 3602 -> [0, 1, 2, 3, 4], end 5; {3: 3597}.
        """
        steps = [after - before for before, after in pairwise((*self.ticks, self.end_tick))]
        usual = median_low(steps)
        longest = longest_step(usual * self.time_base) / self.time_base
        ticks, left_out = [self.ticks[0]], {}
        for step in steps:
            ticks.append(ticks[-1] + (usual if step > longest else step))
            if step > longest:
                left_out[float((ticks[-1] - ticks[0]) * self.time_base)] = float((step - usual) * self.time_base)
        return Timeline(tuple(ticks[:-1]), ticks[-1], self.time_base), left_out

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

    def shown_s(self, frame: int) -> float:
        """Return how long a frame is on display. Unit: seconds."""
        end = self.ticks[frame + 1] if frame + 1 < len(self.ticks) else self.end_tick
        return float((end - self.ticks[frame]) * self.time_base)

    def num_samples(self, rate_fps: Fraction) -> int:
        """Return how many samples, taken at the first frame's time + k / rate, fall within the video; one at least.

        Example: 3 frames at 30 fps last 0.1 s: samples at 0, 0.04 and 0.08 s -> 3 at 25 fps.
        """
        span = (self.end_tick - self.ticks[0]) * self.time_base * rate_fps
        return -(-span.numerator // span.denominator)

    def frame_at(self, sample: int, rate_fps: Fraction) -> int:
        """Return the index of the frame on display at a sample's time.

        Example: 30 fps sampled at 25 fps: samples 0..5 (0, 40, 80, 120, 160, 200 ms) see frames 0 1 2 3 4 6.
        """
        offset = Fraction(sample) / rate_fps / self.time_base
        return bisect_right(self.ticks, self.ticks[0] + offset.numerator // offset.denominator) - 1
