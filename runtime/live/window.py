"""Windows: the last frames of a stream, sampled by time, resized once, and lying ready for the network."""

import math
import mmap
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.views.plan import ViewPlan

_probe = [np.zeros(1)]
_UNUSED = sys.getrefcount(_probe[0])
"""What is counted of an array to which nothing but a list refers; NumPy's views refer to the whole array."""

_HEADROOM = 1.15  # share of the time, beside 1, that is left for decoding and for clips that take longer
_FORGET = 0.1
_EVERY_FRAMES, _EVERY_PX = 8, 4
_LEAST_CHANGE = 15  # steps of 255; noise of a camera at night stays below it


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """The samples of one clip, (D, H, W, 3), uint8, RGB 0..255, resized and cropped; nobody writes to them any more.

    They are fewer than D while a step model begins, which needs not wait for a whole window. One that a window does not
    follow, one hop after the one before, begins anew.
    """

    frames: UInt8Array
    start_s: float
    end_s: float  # where its last sample's time ends
    arrived_s: float  # when the frame of its last sample arrived, on the monotonic clock
    wall_s: float  # the same on the wall clock, in seconds since 1970
    follows: bool = True


class Sampler:
    """Says which frames of a stream are sampled: sample k is the frame on display at t0 + k/rate; without a rate all.

    A frame that lies on a sample's time is known to be that sample at once, any other when the next frame arrives.
    """

    def __init__(self, rate_fps: Fraction | None) -> None:
        self._rate_fps = rate_fps
        self._origin: Fraction | None = None
        self._next = 0

    def restart(self) -> None:
        """Forget everything: the next frame is sample 0."""
        self._origin, self._next = None, 0

    def feed(self, time: Fraction) -> tuple[int, bool]:
        """Take the time of the next frame, later than those before.

        Return how many samples show the frame before, that were not known yet; and whether this one is one at once.
        """
        if self._rate_fps is None:
            return 0, True
        if self._origin is None:
            self._origin = time
        position = (time - self._origin) * self._rate_fps
        ahead = -(-position.numerator // position.denominator)
        num_before = max(0, ahead - self._next)
        self._next += num_before
        is_sample = position == self._next
        self._next += is_sample
        return num_before, is_sample


class Hop:
    """The step between windows, in frames: fixed, or as small as the machine keeps up with.

    An automatic step is what a live stream delivers in the time that a window takes, with some headroom. It grows at
    once when a window takes longer, and shrinks slowly when windows take less.
    Example: 25 fps, each window takes 0.2 s -> 0.2 x 25 x 1.15 = 5.75 -> every 6 frames.
    """

    def __init__(self, num_frames: int, *, is_auto: bool = False) -> None:
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
        self.num_frames = max(1, math.ceil(self._seconds * rate_fps * _HEADROOM))


class WindowBuilder:
    """Cuts windows from frames as these come, as `ViewReader` cuts them from a file.

    Samples are written into a block of twice a window's length, one behind the other, so that a window is a part of
    it and is not copied. A full block is left to the windows that lie in it, and its last samples begin the next.
    `view` returns the region of a frame, (H, W, 3), that is watched.
    """

    def __init__(self, spec: ModelSpec, hop: Hop, view: Callable[[UInt8Array], UInt8Array] | None = None) -> None:
        self._spec, self._view = spec, view
        self._plan = ViewPlan.of_spec(spec)
        self._hop = hop
        self._sampler = Sampler(spec.frame_rate_fps)
        self._memories: list[UInt8Array] = []
        self._has_channels_first = spec.layout.index("C") < spec.layout.index("H")
        self.restart()

    def restart(self) -> None:
        """Forget the frames so far: no window spans what comes before and after."""
        self._sampler.restart()
        self._block = self._new_block()
        self._num_written = 0
        self._num_samples = 0
        self._num_at_window: int | None = None
        self._times: deque[Fraction] = deque(maxlen=self._spec.span)
        self._origin: Fraction | None = None
        self._held: LiveFrame | None = None
        self._crop: UInt8Array | None = None

    def add(self, frame: LiveFrame) -> Iterator[StreamWindow]:
        """Take the next frame, and yield the windows that it completes."""
        if self._origin is None:
            self._origin = frame.time
        num_before, is_sample = self._sampler.feed(frame.time)
        for _ in range(num_before):
            yield from self._write()
        self._held, self._crop = frame, None
        if is_sample:
            yield from self._write()

    def finish(self, frame_duration: Fraction) -> Iterator[StreamWindow]:
        """Yield the windows that the last frame completes while it is on display."""
        if self._held is not None and self._spec.frame_rate_fps is not None:
            num_before, _ = self._sampler.feed(self._held.time + frame_duration)
            for _ in range(num_before):
                yield from self._write()

    def _write(self) -> Iterator[StreamWindow]:
        """Make the held frame the next sample."""
        spec, held, span = self._spec, self._held, self._spec.span
        assert held is not None
        if self._crop is None:
            pixels = held.rgb()
            [self._crop] = self._plan.crops(self._plan.fitted(self._view(pixels) if self._view else pixels))
        if self._num_written == len(self._block):
            tail = self._block[len(self._block) - span + 1 :]
            self._block = self._new_block()
            self._block[: len(tail)] = tail
            self._num_written = len(tail)
        if self._has_channels_first:
            planes = self._block[self._num_written].transpose(2, 0, 1)
            cv2.split(self._crop, list(planes))  # NumPy takes six times as long
        else:
            self._block[self._num_written] = self._crop
        self._times.append(held.time)
        self._num_written += 1
        self._num_samples += 1
        if not self._is_due():
            return
        follows, self._num_at_window = self._num_at_window is not None, self._num_samples
        start, end = self._limits()
        first, stride = self._num_written - span, spec.frame_stride
        yield StreamWindow(
            frames=self._block[first if first >= 0 else first % stride : self._num_written : stride],
            start_s=float(start),
            end_s=float(end),
            arrived_s=held.arrived_s,
            wall_s=held.wall_s,
            follows=follows,
        )

    def _is_due(self) -> bool:
        """Return whether a window ends with the last sample."""
        past, hop = self._num_samples - self._spec.span, self._hop.num_frames
        if self._spec.stepping:  # it takes the frames of the first window as they come
            return past % hop == 0
        return past >= 0 and (self._num_at_window is None or self._num_samples - self._num_at_window >= hop)

    def _limits(self) -> tuple[Fraction, Fraction]:
        """Return when the window of the last samples starts and ends."""
        rate, num_samples = self._spec.frame_rate_fps, min(self._spec.span, self._num_samples)
        if rate is not None:
            assert self._origin is not None
            end = self._origin + self._num_samples / rate
            return end - num_samples / rate, end
        # How long the last frame is shown is not known yet: as long as the others were on average.
        first, last = self._times[0], self._times[-1]
        return first, last + (last - first) / max(1, num_samples - 1)

    def _new_block(self) -> UInt8Array:
        """Return a block that nobody refers to, (2 span, H, W, 3), in the memory order that the network wants."""
        length, (height, width) = 2 * self._spec.span, self._spec.crop_px
        # The system takes ten times as long to provide a page as it takes to fill it.
        free = (number for number in range(len(self._memories)) if sys.getrefcount(self._memories[number]) == _UNUSED)
        if (number := next(free, None)) is None:
            # Mapped by itself, it goes back to the system when the stream is over; the heap would keep some.
            self._memories.append(np.frombuffer(mmap.mmap(-1, length * height * width * 3), np.uint8))
            number = -1
        memory = self._memories[number]
        if self._has_channels_first:
            return memory.reshape(length, 3, height, width).transpose(0, 2, 3, 1)
        return memory.reshape(length, height, width, 3)


def moving_share(frames: UInt8Array) -> float:
    """Return the largest share of the picture, (D, H, W, 3), uint8, that changes between frames eight apart, 0 to 1."""
    seen = frames[::_EVERY_FRAMES, ::_EVERY_PX, ::_EVERY_PX, 1].astype(np.int16)  # green
    changes = np.abs(np.diff(seen, axis=0)) >= _LEAST_CHANGE
    return float(changes.mean(axis=(1, 2)).max(initial=0.0))
