"""A live source: timestamped frames on one clock, over jumps, loops and reconnections."""

import math
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from i3d_edge.core.errors import StreamError, StreamLostError, StreamOpenError
from i3d_edge.core.messages import Say
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.clock import Lag, Pacer, StreamClock
from i3d_edge.runtime.live.connection import Connection, TransientError, no_answer_error, silence_error
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.report import SourceState
from i3d_edge.runtime.live.tap import Tap

_GRACE_S = 2.0  # time after its own time-out at which a reader counts as stuck


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the stream that is missing, from the frame before to the one after it, in seconds of stream time."""

    start: Fraction
    end: Fraction
    reason: str
    wall_s: float  # when the frame after it arrived, in seconds since 1970


class LiveSource:
    """Iterates over a source's frames and gaps, once.

    A file is read to its end, also over HTTP. A camera or another endless source is reconnected when it breaks off.

    While `ready` is clear, the first frame waits, or the frames of an endless source are passed over.

    Attributes:
        has_frames: Set by the first frame.
        shown: Its name, without credentials.
        is_live: Whether frames arrive at their own pace and cannot wait. Known after the first frame.
        frame_duration: As the source states it, at its end as it was; in seconds. Known after the first frame.
        num_frames: Frames decoded and not passed over so far.
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
        changed: Callable[[SourceState, str | None], None] = lambda _state, _reason: None,
        tap: Tap | None = None,
    ) -> None:
        """Open nothing yet; `changed` is called when frames come, and when they no longer do, with the reason."""
        self.shown, self.is_live = address.shown, options.is_real_time
        self.frame_duration = Fraction(1, 25)
        self.num_frames = self.num_errors = 0
        self._address, self._options = address, options
        self._backoff = backoff or Backoff(options.reconnect)
        self._say, self._stop, self._connect = say, stop or threading.Event(), connect
        self._changed, self._tap, self._is_up = changed, tap, False
        self.has_frames, self.ready = threading.Event(), threading.Event()
        self.ready.set()
        self._clock: StreamClock | None = None
        self._pacer: Pacer | None = None
        self._lag = Lag()
        self._sizes: set[tuple[int, int]] = set()
        self._arrived_s = 0.0
        self._is_over = False
        self._deadline: tuple[float, StreamError] | None = None

    def stuck_error(self) -> StreamError | None:
        """Return the error of opening or reading that is blocked for good, in a driver for instance, or None."""
        deadline = self._deadline
        tries_again = self.has_frames.is_set() or self._backoff.max_attempts is None
        # Of standard input there is but one, and it may pause.
        if deadline is None or self._address.kind == "pipe" or (tries_again and self._address.kind in ("rtsp", "http")):
            return None
        return deadline[1] if time.monotonic() > deadline[0] else None

    @property
    def time_s(self) -> float:
        """Stream time at which the last frame ends."""
        time = None if self._clock is None else self._clock.time
        end_s = 0.0 if time is None else float(time + self.frame_duration)
        return min(end_s, self._options.max_duration_s or end_s)

    def __iter__(self) -> Iterator[LiveFrame | Gap]:
        was_endless = False
        while not self._is_finished():
            try:
                connection = self._open()
            except TransientError as failure:
                self._try_again(failure.error)
                continue
            with connection:
                if was_endless and not connection.is_endless:
                    return  # what is there now is a recording of it
                num_before = self.num_frames
                error = yield from self._read(connection)
            if self._tap is not None and (connection.is_endless or not self._options.is_looped):
                self._tap.closed()
            if self._is_finished():
                return
            if connection.is_endless:
                was_endless = True
                self._try_again(error or StreamLostError(f"stream {self._address.shown!r} ended, though it is live"))
                continue
            is_lost = error is not None and self._address.kind == "http"  # the rest is there, unlike that of a file
            if is_lost or self.num_frames == num_before:
                raise error or StreamOpenError(f"no frame of stream {self._address.shown!r} can be decoded")
            if not self._options.is_looped or self._clock is None:
                if error is not None:
                    self._say(error.message)
                return
            self._clock.append()

    def _is_finished(self) -> bool:
        return self._is_over or self._stop.is_set()

    def _open(self) -> Connection:
        # FFmpeg opens, and then looks at the beginning of the stream, each within the time-out.
        self._wait_for(2 * self._options.open_timeout_s, no_answer_error(self._address, self._options))
        try:
            connection = self._connect(self._address, self._options)
        except StreamError as error:
            if not self.has_frames.is_set():
                raise
            raise TransientError(error) from error  # it was there before
        finally:
            self._deadline = None
        for remark in () if self.has_frames.is_set() else connection.remarks:
            self._say(f"stream {self._address.shown!r}: {remark}")
        self.is_live = self._options.is_real_time or connection.is_endless
        self.frame_duration = connection.frame_duration
        if self._tap is not None:
            connection.show(self._tap)
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
        silence = silence_error(self._address, self._options)
        try:
            while not self._is_finished():
                self._wait_for(self._options.read_timeout_s, silence)
                decoded = next(frames)
                self._deadline = None
                if decoded is None:
                    continue
                self._backoff.succeeded()
                self.has_frames.set()
                if not self._is_up:
                    self._is_up = True
                    self._changed("up", None)
                if not self.ready.is_set():
                    if connection.is_endless:
                        continue
                    self.ready.wait()
                self.num_frames += 1
                yield from self._place(self._clock, *decoded, connection)
        except StopIteration:
            pass
        except TransientError as failure:
            return failure.error
        finally:
            self._deadline = None
            self.frame_duration = self._clock.frame_duration
            self.num_errors += connection.num_errors
        return None

    def _place(
        self, clock: StreamClock, image: VideoFrame, pts: Fraction | None, connection: Connection
    ) -> Iterator[LiveFrame | Gap]:
        before = clock.time
        self._arrived_s = time.monotonic()
        placed = clock.place(pts, self._arrived_s)
        if placed is None:
            return
        limit_s = self._options.max_duration_s
        if limit_s is not None and placed.time >= limit_s:
            self._is_over = True
            return
        if placed.note:
            self._say(placed.note)
        if self._tap is not None and image.opaque is not None:
            self._tap.placed(image.opaque, placed.time)
        if self._pacer:
            self._stop.wait(self._pacer.delay_s(placed.time, time.monotonic()))
        elif self.is_live and (late := self._lag.note(placed.time, time.monotonic(), connection.waited_s)):
            self._say(late)
        if placed.break_reason and before is not None:
            yield Gap(before, placed.time, placed.break_reason, time.time())
        if self._sizes and (image.width, image.height) not in self._sizes:
            self._say(f"the picture changes to {image.width} x {image.height} at {float(placed.time):.2f} s")
        self._sizes.add((image.width, image.height))
        yield LiveFrame(placed.time, time.monotonic(), time.time(), image, connection.to_rgb)

    def _try_again(self, error: StreamError) -> None:
        """Wait before another attempt; raises StreamError if there is none left."""
        if self._stop.is_set():
            return
        self._is_up = False
        self._changed("down", error.message)
        is_new = not self.has_frames.is_set()
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
        left_s = math.inf  # of the longest duration
        if self._options.max_duration_s is not None and self._clock is not None and self._clock.time is not None:
            silent_s = time.monotonic() - self._arrived_s
            left_s = max(0.0, self._options.max_duration_s - float(self._clock.time) - silent_s)
        self._is_over = left_s <= delay_s
        self._stop.wait(min(delay_s, left_s))

    def _wait_for(self, timeout_s: float, error: StreamError) -> None:
        self._deadline = (time.monotonic() + timeout_s + _GRACE_S, error)
