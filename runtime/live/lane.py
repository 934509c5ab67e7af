"""A lane: what a source shows in one region, from its windows to answers and events."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.messages import Say
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.gears import Gears
from i3d_edge.runtime.live.mailbox import Mailbox
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.source import Gap, LiveSource
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.live.watcher import Watcher
from i3d_edge.runtime.live.window import Hop, StreamWindow, WindowBuilder, moving_share
from i3d_edge.runtime.views.clip import Clip


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream has ended, with an error or without."""

    error: BaseException | None


@dataclass(frozen=True, slots=True)
class Away:
    """The source has broken off, and may come back: a gap follows then."""


class Lane:
    """Cuts windows in the thread that reads; asks the model and finds events in the one that takes them.

    `count` brings its statistics up to date; `latest` is the newest answer. `infer`, `restart` and `say` are as for
    `LiveStream`. `view` takes a frame, (H, W, 3), uint8, and returns the `region` of it that is watched; None is all.
    `told` is called, in the thread that reads, when there is something to take. `gears` say whether a step model steps
    at the moment, always if None. Raises LabelError if a label to watch is not the model's.
    """

    def __init__(
        self,
        spec: ModelSpec,
        source: LiveSource,
        infer: Callable[[UInt8Array], Float32Array | None],
        options: StreamOptions,
        *,
        restart: Callable[[], None] = lambda: None,
        say: Say = lambda _text: None,
        region: str | None = None,
        view: Callable[[UInt8Array], UInt8Array] | None = None,
        told: Callable[[], None] = lambda: None,
        statistics: Statistics | None = None,
        gears: Gears | None = None,
    ) -> None:
        self.statistics = statistics or Statistics(time.monotonic())
        self.latest: WindowAnswer | None = None
        self._spec, self._source, self._options = spec, source, options
        self._infer, self._restart, self._say = infer, restart, say
        self._told, self._gears = told, gears
        self._watcher = Watcher(spec.labels, source.shown, options, region=region)
        self.hop = Hop(options.hop or spec.span, is_auto=options.hop is None)
        self._most_waiting = 1
        if spec.stepping:
            self.hop = Hop(spec.stepping.hop * spec.frame_stride)
            self._most_waiting = spec.stepping.warm_up  # to begin anew takes as many steps without an answer
        self._builder = WindowBuilder(spec, self.hop, view)
        self._mailbox: Mailbox[StreamWindow | Gap | Away | Ended] = Mailbox()

    @property
    def num_waiting(self) -> int:
        """How many windows wait to be taken."""
        return len(self._mailbox)

    def count(self) -> None:
        """Take what the source has counted."""
        counted, source = self.statistics, self._source
        counted.num_frames, counted.num_damaged = source.num_frames, source.num_errors
        counted.stream_s, counted.num_waiting = source.time_s, self.num_waiting
        counted.hop_frames = self.hop.num_frames

    @property
    def is_due(self) -> bool:
        """Whether there is something to take."""
        return self._mailbox.has_items

    def add(self, frame: LiveFrame) -> None:
        """Take the source's next frame; waits if the source can, and raises `Closed` if the lane closes meanwhile."""
        self._hand_over(self._builder.add(frame))

    def note(self, item: Gap | Away | Ended) -> None:
        """Take what else the source tells; no window spans it."""
        if isinstance(item, Gap):
            self._builder.restart()
        elif isinstance(item, Ended) and item.error is None:
            self._hand_over(self._builder.finish(self._source.frame_duration))
        self._mailbox.note(item)
        self._told()

    def close(self) -> None:
        """Release a thread that waits in `add`."""
        self._mailbox.close()

    def take(self, timeout_s: float) -> StreamWindow | Gap | Away | Ended | None:
        """Return what comes next; None if nothing comes in time."""
        return self._mailbox.take(timeout_s)

    def handled(self, item: StreamWindow | Gap | Away) -> Iterator[WindowAnswer | Event]:
        """Yield what comes of a window or a gap."""
        if isinstance(item, Away):
            yield from self.ended()
            return
        if isinstance(item, Gap):
            self._say(
                f"gap from {float(item.start):.2f} to {float(item.end):.2f} s: {item.reason}; the window restarts"
            )
            yield from self._counted(self._watcher.gap(item, is_live=self._source.is_live))
            return
        taken_s = time.monotonic()
        yield from self._answered(item)
        rate_fps = float(self._spec.frame_rate_fps or 1 / self._source.frame_duration)
        self.hop.took(time.monotonic() - taken_s, rate_fps)

    def ended(self) -> Iterator[Event]:
        """Yield the events that end the actions under way."""
        return self._counted(self._watcher.close())

    def _hand_over(self, windows: Iterable[StreamWindow]) -> None:
        for window in windows:
            if self._source.is_live:
                num_dropped = self._mailbox.make_room(self._most_waiting if self._is_stepping else 1)
                if num_dropped:
                    self._note_dropped(num_dropped)
                self._mailbox.add(replace(window, follows=False) if num_dropped else window)
            else:
                self._mailbox.put(window)
            self._told()

    @property
    def _is_stepping(self) -> bool:
        return self._spec.stepping is not None and (self._gears is None or self._gears.in_steps)

    def _note_dropped(self, num_dropped: int) -> None:
        if self._gears and self._is_stepping:
            self._gears.fell_behind()
        if self._is_stepping and not self.statistics.num_dropped:
            assert self._spec.stepping is not None
            self._say(
                f"inference does not keep up with steps of {self._spec.stepping.hop} frames: {num_dropped} were "
                "dropped, and the stream is followed anew; make a step model with a longer --hop"
            )
        self.statistics.num_dropped += num_dropped

    def _answered(self, window: StreamWindow) -> Iterator[WindowAnswer | Event]:
        if not window.follows:
            self._restart()
        began_s = time.monotonic()
        least = self._options.motion
        is_still = least is not None and moving_share(window.frames) < least
        if is_still:
            self.statistics.num_still += 1
            self._restart()  # a step model would take the next frames for those that follow
            probabilities: Float32Array | None = np.zeros(len(self._spec.labels), np.float32)
        else:
            [clip] = model_inputs(Clip(window.frames, window.start_s, window.end_s), self._spec).values()
            probabilities = self._infer(clip)
        if probabilities is None:
            return
        now_s = time.monotonic()
        latency_ms = 1000 * (now_s - window.arrived_s)
        answer, events = self._watcher.answered(window, probabilities, latency_ms, is_live=self._source.is_live)
        self.latest = answer if is_still else replace(answer, inference_ms=1000 * (now_s - began_s))
        self.statistics.answered(latency_ms)
        yield self.latest
        yield from self._counted(events)

    def _counted(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            self.statistics.told(event.type)
            yield event
