"""Watching a live source: answers for windows, and events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.fork import HomeProcess
from i3d_edge.core.messages import Say
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.hop import Hop
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.reader import Ended, StreamReader
from i3d_edge.runtime.live.source import Gap, LiveSource
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.live.watcher import Watcher
from i3d_edge.runtime.live.window import StreamWindow, WindowBuilder
from i3d_edge.runtime.views.clip import Clip, require_rgb

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
            say: Called, from any thread, with messages for the user: reconnections, new picture sizes, progress.

        Raises:
            StreamOpenError: If the source is an address of an unknown kind.
            ClipShapeError: If the model takes no cropped RGB frames.
            LabelError: If a label to watch is not the model's.
        """
        require_rgb(spec)
        self._options = options = options or StreamOptions()
        self._address = Address.parse(source)
        self.source = self._address.shown
        self.statistics = Statistics(time.monotonic())
        self._spec, self._infer, self._restart, self._say = spec, infer, restart, say
        self._stop = threading.Event()
        self._is_open = False
        self._home = HomeProcess(self, "the stream was made")
        self._watcher = Watcher(spec.labels, self.source, options)
        self._hop = Hop(options.hop or spec.span, is_auto=options.hop is None)
        most_waiting = 1
        if spec.stepping:
            self._hop = Hop(spec.stepping.hop * spec.frame_stride)
            most_waiting = spec.stepping.warm_up  # to begin anew takes as many steps without an answer
        self._live = LiveSource(self._address, options, say=say, stop=self._stop)
        self._reader = StreamReader(self._live, WindowBuilder(spec, self._hop), most_waiting=most_waiting)

    @property
    def is_behind(self) -> bool:
        """Whether a live source has delivered another window already."""
        return self._live.is_live and self._reader.num_waiting > 0

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
            ended = self._reader.take(0)
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
        self._count()

    def __iter__(self) -> Iterator[WindowAnswer | Event]:
        """Yield answers and events as they come.

        Raises:
            StreamError: If the source cannot be used or is lost, after the events that end the actions under way.
        """
        self.open()
        self.statistics.started_s = self._reported_s = time.monotonic()
        self._live.ready.set()
        error: BaseException | None = None
        try:
            while not self._stop.is_set():
                item = self._reader.take(_POLL_S)
                self._count()
                if isinstance(item, Ended):
                    error = item.error
                    self._say_if_short(error)
                    break
                if item is None and (error := self._live.stuck_error()):
                    break
                yield from self._handled(item)
                self._report()
            yield from self._counted(self._watcher.close())
            if error is not None:
                raise error
        finally:
            self.close()

    def _handled(self, item: StreamWindow | Gap | None) -> Iterator[WindowAnswer | Event]:
        if isinstance(item, StreamWindow):
            taken_s = time.monotonic()
            yield from self._answered(item)
            self._hop.took(time.monotonic() - taken_s, self._samples_per_second())
        elif isinstance(item, Gap):
            self._say(
                f"gap from {float(item.start):.2f} to {float(item.end):.2f} s: {item.reason}; the window restarts"
            )
            yield from self._counted(self._watcher.gap(item, is_live=self._live.is_live))

    def _answered(self, window: StreamWindow) -> Iterator[WindowAnswer | Event]:
        if not window.follows:
            self._restart()
        [clip] = model_inputs(Clip(window.frames, window.start_s, window.end_s), self._spec).values()
        probabilities = self._infer(clip)
        if probabilities is None:
            return
        latency_ms = 1000 * (time.monotonic() - window.arrived_s)
        answer, events = self._watcher.answered(window, probabilities, latency_ms, is_live=self._live.is_live)
        self.statistics.answered(latency_ms)
        yield answer
        yield from self._counted(events)

    def _counted(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            self.statistics.told(event.type)
            yield event

    def _count(self) -> None:
        self.statistics.num_frames = self._live.num_frames
        self.statistics.stream_s = self._live.time_s
        self.statistics.num_damaged = self._live.num_errors
        if self._spec.stepping and self._reader.num_dropped and not self.statistics.num_dropped:
            self._say(
                f"inference does not keep up with steps of {self._spec.stepping.hop} frames: "
                f"{self._reader.num_dropped} were dropped, and the stream is followed anew; make a step model with a "
                "longer --hop"
            )
        self.statistics.num_dropped = self._reader.num_dropped
        self.statistics.num_waiting = self._reader.num_waiting
        self.statistics.hop_frames = self._hop.num_frames

    def _report(self) -> None:
        every_s, now_s = self._options.report_every_s, time.monotonic()
        if every_s and self.statistics.num_windows and now_s - self._reported_s >= every_s:
            self._reported_s = now_s
            self._say(self.statistics.summary(now_s))

    def _say_if_short(self, error: BaseException | None) -> None:
        has_answers = self.statistics.num_windows or self._reader.num_dropped
        if error is None and not has_answers and not self._stop.is_set():
            spec, needed = self._spec, self._spec.first_answer
            length = f"{needed // spec.frame_stride} frames, {spec.sampling()}"
            if spec.frame_rate_fps is not None:
                length = f"{float(needed / spec.frame_rate_fps):g} s, {length}"
            what = "a window" if needed == spec.span else "continuous steps need"
            self._say(f"no answer: the stream is shorter than {what} ({length})")

    def _samples_per_second(self) -> float:
        return float(self._spec.frame_rate_fps or 1 / self._live.frame_duration)
