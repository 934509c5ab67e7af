"""A live source, watched: windows in, answers and events out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from i3d_edge.core.errors import StreamTimeoutError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.connection import Settings
from i3d_edge.runtime.live.events import Event, Hysteresis, check_thresholds, dated
from i3d_edge.runtime.live.hop import AutoHop, FixedHop, Hop
from i3d_edge.runtime.live.mailbox import Closed, Mailbox
from i3d_edge.runtime.live.smoothing import smoothing_named
from i3d_edge.runtime.live.source import Gap, LiveSource
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.live.window import Window, WindowBuilder
from i3d_edge.runtime.prediction import Prediction, top_k
from i3d_edge.runtime.views.clip import Clip, require_rgb

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

_POLL_S = 0.2
_JOIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAnswer:
    """What the model says of one window.

    Attributes:
        type: Always "window".
        start_s, end_s: The window's span of stream time.
        predictions: Best first, of this window alone.
        smoothed: Best first, of the probabilities that events are found in.
        probabilities: All of this window, shape (num_classes,), float32.
        latency_ms: From the arrival of the window's last frame to this answer.
    """

    type: Literal["window"] = "window"
    start_s: float
    end_s: float
    predictions: tuple[Prediction, ...]
    smoothed: tuple[Prediction, ...]
    probabilities: Float32Array = field(compare=False, repr=False)
    latency_ms: float

    def to_json(self) -> str:
        """Return the answer as one line of JSON."""
        fields: dict[str, Any] = {"start_s": round(self.start_s, 3), "end_s": round(self.end_s, 3)}
        for name, items in (("predictions", self.predictions), ("smoothed", self.smoothed)):
            fields[name] = [{"label": item.label, "index": item.index, "prob": round(item.prob, 6)} for item in items]
        return json.dumps({**fields, "latency_ms": round(self.latency_ms, 3)}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """How a stream is read and watched.

    Attributes:
        hop: Frames between windows; None for as often as the machine keeps up.
        smoothing: "none", "exponential:SECONDS" or "mean:WINDOWS"; see `smoothing_named`.
        on, off, min_duration_s, labels: When actions begin and end, and which are watched, all if empty; see
            `Hysteresis`.
        is_real_time: Play a file at the pace of its timestamps, as if it were live.
        is_looped: Begin a file again at its end.
        reconnect: Attempts in a row to reach a source that broke off; None for no end of them, and then the first
            connection is tried again as well.
        max_duration_s: Stop after so much stream time; None to go on.
        report_every_s: Say how it goes that often; 0 for never.
        num_predictions: Classes in an answer.
        rtsp_transport, open_timeout_s, read_timeout_s, hardware_decoder: How the source is opened and read; see
            `Settings`.

    Raises:
        ValueError: If smoothing or thresholds are not as said.
    """

    hop: int | None = 25
    smoothing: str = "exponential:1"
    on: float = 0.5
    off: float = 0.3
    min_duration_s: float = 0.0
    labels: Collection[str] = ()
    is_real_time: bool = False
    is_looped: bool = False
    reconnect: int | None = 5
    max_duration_s: float | None = None
    report_every_s: float = 0.0
    num_predictions: int = 5
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    hardware_decoder: str | None = None

    def __post_init__(self) -> None:
        smoothing_named(self.smoothing)
        check_thresholds(self.on, self.off)


@dataclass(frozen=True, slots=True)
class _Ended:
    error: BaseException | None


class LiveStream:
    """Iterates over a live source's answers and events, once.

    A thread reads, decodes and cuts windows; whoever iterates infers. Where the source does not wait, the newest
    window wins and older ones are dropped whole.

    Attributes:
        source: Its name, without credentials.
        statistics: Counts and latencies so far.
    """

    def __init__(
        self,
        source: str,
        spec: ModelSpec,
        infer: Callable[[UInt8Array], Float32Array],
        options: StreamOptions | None = None,
        *,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Open nothing yet.

        Args:
            source: A file, `camera:N`, `/dev/videoN`, `rtsp://...`, `http(s)://...`, or `-` for standard input.
            spec: The model's, for an RGB network.
            infer: Takes a clip in the layout of the spec, uint8, and returns probabilities, shape (num_classes,).
            options: How to read and watch.
            say: Is told, from any thread, what a user should know: reconnections, other picture sizes, how it goes.

        Raises:
            StreamOpenError: If the source is an address of an unknown kind.
            ClipShapeError: If the model takes no cropped RGB frames.
            LabelError: If a label to watch is not the model's.
        """
        require_rgb(spec)
        options = options or StreamOptions()
        address = Address.parse(source)
        self.source = address.shown
        self.statistics = Statistics(time.monotonic())
        self._spec, self._infer, self._options, self._say = spec, infer, options, say
        self._stop = threading.Event()
        self._smoothing = smoothing_named(options.smoothing)
        self._hysteresis = Hysteresis(
            spec.labels,
            self.source,
            on=options.on,
            off=options.off,
            min_duration_s=options.min_duration_s,
            only=[spec.labels.index(label) for label in options.labels],
        )
        self._hop: Hop = AutoHop(spec.frame_rate_fps, spec.num_frames) if options.hop is None else FixedHop(options.hop)
        self._live = LiveSource(
            address,
            Settings(options.rtsp_transport, options.open_timeout_s, options.read_timeout_s, options.hardware_decoder),
            is_real_time=options.is_real_time,
            is_looped=options.is_looped,
            backoff=Backoff(options.reconnect),
            say=say,
            stop=self._stop,
        )
        self._mailbox: Mailbox[Window | Gap | _Ended] = Mailbox()
        self._anchor: tuple[float, float] | None = None
        self._start_times: dict[int | None, datetime | None] = {}

    def stop(self) -> None:
        """End the iteration after the window that is being inferred; what goes on is ended. From any thread."""
        self._stop.set()

    def __iter__(self) -> Iterator[WindowAnswer | Event]:
        """Yield answers and events as they come.

        Raises:
            StreamError: One of its kinds, if the source cannot be used or is lost. Events that end what went on come
                before it.
        """
        self.statistics.started_s = time.monotonic()
        reader = threading.Thread(target=self._read, name="stream-reader", daemon=True)
        reader.start()
        error: BaseException | None = None
        try:
            while not self._stop.is_set():
                item = self._mailbox.take(_POLL_S)
                taken_s = time.monotonic()
                self._count()
                if isinstance(item, Window):
                    yield from self._answer(item)
                    self._hop.took(time.monotonic() - taken_s)
                elif isinstance(item, Gap):
                    yield from self._gap(item)
                elif isinstance(item, _Ended):
                    error = item.error
                    self._say_if_short(error)
                    break
                elif self._live.is_stuck():
                    error = self._stuck_error()
                    break
                self._report()
            yield from self._ended(self._hysteresis.close())
            if error is not None:
                raise error
        finally:
            self._stop.set()
            self._mailbox.close()
            reader.join(_JOIN_S)
            self._count()

    def _read(self) -> None:
        builder = WindowBuilder(self._spec, self._hop)
        try:
            for item in self._live:
                if isinstance(item, Gap):
                    builder.restart()
                    self._mailbox.note(item)
                    continue
                for window in builder.add(item):
                    self._hand_over(window)
            for window in builder.finish(self._live.frame_duration):
                self._hand_over(window)
            self._mailbox.note(_Ended(None))
        except Closed:
            pass
        except BaseException as error:  # whatever it is, it is for whoever iterates
            self._mailbox.note(_Ended(error))

    def _hand_over(self, window: Window) -> None:
        if self._live.is_live:
            self.statistics.num_dropped += self._mailbox.replace(window)
        else:
            self._mailbox.put(window)

    def _answer(self, window: Window) -> Iterator[WindowAnswer | Event]:
        labels, num = self._spec.labels, self._options.num_predictions
        clip = Clip(window.frames, window.start_s, window.end_s).to_layout(self._spec.layout)
        probabilities = self._infer(clip)
        smoothed = self._smoothing.update(window.end_s, probabilities)
        events = self._hysteresis.update(window.start_s, window.end_s, smoothed)
        latency_ms = 1000 * (time.monotonic() - window.arrived_s)
        statistics = self.statistics
        statistics.num_windows += 1
        statistics.stream_s = window.end_s
        statistics.latencies.add(latency_ms)
        self._anchor = (window.end_s, window.wall_s) if self._live.is_live else None
        yield WindowAnswer(
            start_s=window.start_s,
            end_s=window.end_s,
            predictions=top_k(probabilities, labels, num),
            smoothed=top_k(smoothed, labels, num),
            probabilities=probabilities,
            latency_ms=latency_ms,
        )
        yield from self._ended([replace(event, latency_ms=latency_ms) for event in events])
        limit_s = self._options.max_duration_s
        if limit_s is not None and window.end_s >= limit_s:
            self._stop.set()

    def _gap(self, gap: Gap) -> Iterator[Event]:
        yield from self._ended(self._hysteresis.close())
        self._smoothing.reset()
        self.statistics.num_gaps += 1
        self._say(f"gap from {float(gap.start):.2f} to {float(gap.end):.2f} s: {gap.reason}; the window begins anew")
        event = Event(type="gap", start_s=float(gap.start), end_s=float(gap.end), reason=gap.reason, source=self.source)
        yield dated(event, float(gap.end), gap.wall_s) if self._live.is_live else event

    def _ended(self, events: list[Event]) -> Iterator[Event]:
        """Count and date events of actions."""
        for event in events:
            self.statistics.num_started += event.type == "start"
            self.statistics.num_ended += event.type == "end"
            if self._anchor is None:
                yield event
                continue
            event = dated(event, *self._anchor)
            if event.type == "start":
                self._start_times[event.index] = event.start_time
            elif event.type == "end":
                # Clocks drift and frames jitter; what was told of the start stays true.
                event = replace(event, start_time=self._start_times.pop(event.index))
            yield event

    def _count(self) -> None:
        self.statistics.num_frames = self._live.num_frames
        self.statistics.num_damaged = self._live.num_errors
        self.statistics.num_waiting = len(self._mailbox)
        self.statistics.hop_frames = self._hop.num_frames

    def _report(self) -> None:
        every_s, now_s = self._options.report_every_s, time.monotonic()
        if every_s and now_s - self.statistics.reported_s >= every_s:
            self._say(self.statistics.line(now_s))

    def _say_if_short(self, error: BaseException | None) -> None:
        if error is None and not self.statistics.num_windows and not self._stop.is_set():
            spec = self._spec
            seconds = spec.num_frames / spec.frame_rate_fps
            self._say(f"no answer: a window takes {seconds:g} s, {spec.num_frames} frames; the stream ended before")

    def _stuck_error(self) -> StreamTimeoutError:
        limit_s = self._options.read_timeout_s
        return StreamTimeoutError(
            f"stream {self.source!r} must deliver a frame within {limit_s:g} s; it delivers nothing",
            hint="--read-timeout allows more",
        )
