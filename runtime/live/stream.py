"""Watching a live source: answers for windows, and events."""

import threading
import time
from collections.abc import Callable, Iterator

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.fork import HomeProcess
from i3d_edge.core.messages import Say
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.lane import Ended, Lane
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.reader import StreamReader
from i3d_edge.runtime.live.source import LiveSource
from i3d_edge.runtime.views.clip import require_rgb

_POLL_S = 0.2


class LiveStream:
    """Iterates over a live source's answers and events, once.

    A thread reads, decodes and cuts windows; inference runs in the thread that iterates.

    Attributes:
        source: Its name, without credentials.
        statistics: Counts and latencies so far.
    """

    def __init__(
        self,
        source: str,
        spec: ModelSpec,
        infer: Callable[[UInt8Array], Float32Array | None],
        options: StreamOptions | None = None,
        *,
        restart: Callable[[], None] = lambda: None,
        say: Say = lambda _text: None,
    ) -> None:
        """Open nothing yet.

        Args:
            source: A file, `camera:N`, `/dev/videoN`, `rtsp://...`, `http(s)://...`, or `-` for standard input.
            spec: The model's, for an RGB network.
            infer: Takes a clip in the layout and colour order of the spec, uint8, and returns probabilities, shape
                (num_classes,), or None where there is no answer yet; see `StreamAnswers`.
            options: How to read and watch. A step model has a hop of its own.
            restart: Called before a clip that does not come one hop after the one before.
            say: Called, from any thread, with messages for the user.

        Raises:
            StreamOpenError: If the source is an address of an unknown kind.
            ClipShapeError: If the model takes no cropped RGB frames.
            LabelError: If a label to watch is not the model's.
        """
        require_rgb(spec)
        self._options = options = options or StreamOptions()
        self._spec, self._say = spec, say
        self._stop = threading.Event()
        self._is_open = False
        self._home = HomeProcess(self, "the stream was made")
        self._live = LiveSource(Address.parse(source), options, say=say, stop=self._stop)
        self.source = self._live.shown
        self._lane = Lane(spec, self._live, infer, options, restart=restart, say=say)
        self.statistics = self._lane.statistics
        self._reader = StreamReader(self._live, [self._lane])

    @property
    def is_behind(self) -> bool:
        """Whether a live source has delivered another window already."""
        return self._live.is_live and self._lane.num_waiting > 0

    def open(self) -> None:
        """Connect, and return with the source's first frame; the iteration does so if nobody did before.

        What a live source delivers between this and the iteration is passed over, so that there is time to compile.

        Raises:
            StreamError: If the source cannot be used.
            ForkError: In a child of the process that made this.
        """
        self._home.require()
        if not self._is_open:
            self._is_open = True
            self._live.ready.clear()
            self._reader.start()
        while not (self._live.has_frames.wait(_POLL_S) or self._stop.is_set()):
            ended = self._lane.take(0)
            error = ended.error if isinstance(ended, Ended) else self._live.stuck_error()
            if error is not None:
                self.close()
                raise error

    def stop(self) -> None:
        """End the iteration, and the actions under way, after the current window. Can be called from any thread."""
        self._stop.set()
        self._live.ready.set()

    def close(self) -> None:
        """End reading; the iteration does so at its end."""
        self.stop()
        self._reader.close()
        self._lane.count()

    def __iter__(self) -> Iterator[WindowAnswer | Event]:
        """Yield answers and events as they come.

        Raises StreamError if the source cannot be used or is lost, after the events that end the actions under way.
        """
        self.open()
        self.statistics.started_s = self._reported_s = time.monotonic()
        self._live.ready.set()
        error: BaseException | None = None
        try:
            while not self._stop.is_set():
                item = self._lane.take(_POLL_S)
                self._lane.count()
                if isinstance(item, Ended):
                    error = item.error
                    self._say_if_short(error)
                    break
                if item is not None:
                    yield from self._lane.handled(item)
                elif error := self._live.stuck_error():
                    break
                self._report()
            yield from self._lane.ended()
            if error is not None:
                raise error
        finally:
            self.close()

    def _report(self) -> None:
        every_s, now_s = self._options.report_every_s, time.monotonic()
        if every_s and self.statistics.num_windows and now_s - self._reported_s >= every_s:
            self._reported_s = now_s
            self._say(self.statistics.summary(now_s))

    def _say_if_short(self, error: BaseException | None) -> None:
        has_answers = self.statistics.num_windows or self.statistics.num_dropped
        if error is None and not has_answers and not self._stop.is_set():
            spec, needed = self._spec, self._spec.first_answer
            length = f"{needed // spec.frame_stride} frames, {spec.sampling()}"
            if spec.frame_rate_fps is not None:
                length = f"{float(needed / spec.frame_rate_fps):g} s, {length}"
            what = "a window" if needed == spec.span else "continuous steps need"
            self._say(f"no answer: the stream is shorter than {what} ({length})")
