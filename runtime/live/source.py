"""A live source: timestamped frames on one clock, over jumps, loops and reconnections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from av.video.frame import VideoFrame

from i3d_edge.core.errors import StreamError, StreamLostError, StreamOpenError
from i3d_edge.core.messages import Say
from i3d_edge.runtime.frames.rgb import RgbConverter
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.clock import Lag, Pacer, StreamClock
from i3d_edge.runtime.live.connection import Connection, TransientError
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.options import StreamOptions

_GRACE_S = 2.0
"""Time after its own time-out at which a reader counts as stuck."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the stream that is missing.

    Attributes:
        start, end: Stream times of the frames before and after it, in seconds.
        reason: Why it is missing.
        wall_s: When the frame after it arrived, in seconds since 1970.
    """

    start: Fraction
    end: Fraction
    reason: str
    wall_s: float


class _State(Enum):
    CONNECTING = "no frame of this connection yet"
    LIVE = "frames come"
    GONE = "a source without an end broke off"


class LiveSource:
    """Iterates over a source's frames and gaps, once.

    A file is read to its end. A camera or another endless source is reconnected when it breaks off.

    Attributes:
        is_live: Whether frames arrive at their own pace and cannot wait. Known after the first frame.
        frame_duration: As the source states it, at its end as it was; in seconds. Known after the first frame.
        num_frames: Frames decoded so far.
        num_errors: Decoding errors so far.
    """

    def __init__(
        self,
        address: Address,
        options: StreamOptions,
        *,
        backoff: Backoff | None = None,
        say: Say = lambda _text: None,
        stop: threading.Event | None = None,
        connect: Callable[[Address, StreamOptions], Connection] = Connection,
    ) -> None:
        """Open nothing yet.

        Args:
            address: Where it is.
            options: How it is opened and read.
            backoff: Between reconnections, in place of the one that the options ask for.
            say: Called with messages for the user.
            stop: Ends the iteration when set.
            connect: Opens the source.
        """
        self.is_live = options.is_real_time
        self.frame_duration = Fraction(1, 25)
        self.num_frames = self.num_errors = 0
        self._address, self._options = address, options
        self._backoff = backoff or Backoff(options.reconnect)
        self._say, self._stop, self._connect = say, stop or threading.Event(), connect
        self._state = _State.CONNECTING
        self._clock: StreamClock | None = None
        self._pacer: Pacer | None = None
        self._lag = Lag()
        self._sizes: set[tuple[int, int]] = set()
        self._deadline_s: float | None = None

    def is_stuck(self) -> bool:
        """Whether opening or reading is blocked beyond its time-out."""
        deadline_s = self._deadline_s
        return deadline_s is not None and time.monotonic() > deadline_s

    def __iter__(self) -> Iterator[LiveFrame | Gap]:
        while not self._stop.is_set():
            try:
                connection = self._open()
            except TransientError as failure:
                self._try_again(failure.error)
                continue
            with connection:
                if self._state is _State.GONE and not connection.is_endless:
                    return  # what is there now is a recording of it
                self._state = _State.CONNECTING
                error = yield from self._read(connection)
            if connection.is_endless:
                self._state = _State.GONE
                self._try_again(error or StreamLostError(f"stream {self._address.shown!r} ended, though it is live"))
                continue
            if self._state is _State.CONNECTING and not self._stop.is_set():
                raise error or StreamOpenError(f"no frame of stream {self._address.shown!r} can be decoded")
            if not self._options.is_looped or self._clock is None:
                if error is not None:
                    self._say(error.message)
                return
            self._clock.append()

    def _open(self) -> Connection:
        self._wait_for(self._options.open_timeout_s)
        try:
            connection = self._connect(self._address, self._options)
        except StreamError as error:
            if self.num_frames == 0:
                raise
            raise TransientError(error) from error  # it was there before
        finally:
            self._deadline_s = None
        self.is_live = self._options.is_real_time or connection.is_endless
        self.frame_duration = connection.frame_duration
        return connection

    def _read(self, connection: Connection) -> Generator[LiveFrame | Gap, None, StreamError | None]:
        """Yield a connection's frames; return why it broke off, or None if it just ended."""
        if self._clock is None:
            self._clock = StreamClock(is_live=connection.is_endless, frame_duration=connection.frame_duration)
            # An HTTP stream arrives in bursts; a segment of HLS at once.
            is_paced = self._options.is_real_time or (connection.is_endless and self._address.kind == "http")
            self._pacer = Pacer() if is_paced else None
        self._lag = Lag()
        frames = connection.frames()
        try:
            while not self._stop.is_set():
                self._wait_for(self._options.read_timeout_s)
                decoded = next(frames, None)
                self._deadline_s = None
                if decoded is None:
                    break
                self._state = _State.LIVE
                self._backoff.succeeded()
                self.num_frames += 1
                yield from self._place(self._clock, *decoded, connection.to_rgb)
        except TransientError as failure:
            return failure.error
        finally:
            self._deadline_s = None
            self.frame_duration = self._clock.frame_duration
            self.num_errors += connection.num_errors
        return None

    def _place(
        self, clock: StreamClock, image: VideoFrame, pts: Fraction | None, to_rgb: RgbConverter
    ) -> Iterator[LiveFrame | Gap]:
        before = clock.time
        placed = clock.place(pts, time.monotonic())
        if placed is None:
            return
        if placed.note:
            self._say(placed.note)
        if self._pacer:
            self._stop.wait(self._pacer.delay_s(placed.time, time.monotonic()))
        elif self.is_live and (late := self._lag.note(placed.time, time.monotonic())):
            self._say(late)
        if placed.break_reason and before is not None:
            yield Gap(before, placed.time, placed.break_reason, time.time())
        self._note_size(image, placed.time)
        yield LiveFrame(placed.time, time.monotonic(), time.time(), image, to_rgb)

    def _note_size(self, image: VideoFrame, at: Fraction) -> None:
        size = (image.width, image.height)
        if self._sizes and size not in self._sizes:
            self._say(f"the picture changes to {size[0]} x {size[1]} at {float(at):.2f} s")
        self._sizes.add(size)

    def _try_again(self, error: StreamError) -> None:
        """Wait before another attempt.

        Raises:
            StreamError: If there are no attempts left.
        """
        if self._stop.is_set():
            return
        is_new = self.num_frames == 0
        if is_new and self._backoff.max_attempts is not None:
            raise error
        attempts = self._backoff.num_failures
        delay_s = self._backoff.failed()
        if delay_s is None:
            raise StreamLostError(
                f"stream {self._address.shown!r} did not come back after {attempts} attempts: {error.message}",
                hint="--reconnect forever keeps trying",
            ) from error
        self._say(f"{error.message}; trying again in {delay_s:g} s")
        if self._clock is not None and not is_new:
            self._clock.reconnect("the source broke off and came back")
        self._stop.wait(delay_s)

    def _wait_for(self, timeout_s: float) -> None:
        self._deadline_s = time.monotonic() + timeout_s + _GRACE_S
