"""A camera: one source, watched in one region or several, and begun anew when it fails."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import I3DError
from i3d_edge.core.messages import Say
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.box.turns import Turns
from i3d_edge.runtime.frames.container import DEFAULT_RATE_FPS
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.answers import StreamAnswers
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.gears import Gears
from i3d_edge.runtime.live.lane import Away, Ended, Lane
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.reader import StreamReader
from i3d_edge.runtime.live.report import CameraReport, LaneReport, SourceState
from i3d_edge.runtime.live.source import LiveSource
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.live.tap import Tap

View = Callable[[UInt8Array], UInt8Array]  # takes a frame, (H, W, 3), uint8, and returns what is watched of it
_FIRST_S, _LONGEST_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What a camera is, and how it is watched."""

    source: str
    options: StreamOptions
    regions: Mapping[str | None, View | None]  # by name; the whole picture, None, may have no view
    priority: float = 1.0  # see `Turns`


@dataclass(frozen=True, slots=True)
class Shared:
    """What cameras share."""

    engine: Engine
    window: Engine | None  # what a step model was made from
    gears: Gears
    turns: Turns
    say: Say
    changed: Callable[[str, SourceState, str | None], None]  # takes a camera's name, its new state, and the reason
    tap: Callable[[str], Tap | None]  # takes a camera's name


class Camera:
    """Reads a source in a thread, and brings its lanes to the turns.

    A source that fails for good, or is stuck, is begun anew after 5, 10, 20, 40, 60, 60, ... s; a file that is over
    is not. It was tried if frames came, or the reason is known why not.
    """

    def __init__(self, name: str, plan: CameraPlan, shared: Shared) -> None:
        """Begin to read; raises StreamOpenError for an unknown address, LabelError for a label not the model's."""
        self.name, self.plan, self.was_tried = name, plan, False
        self._shared, self._options = shared, replace(plan.options, camera=name)
        self._address = Address.parse(plan.source)
        self._statistics = {region: Statistics(time.monotonic()) for region in plan.regions}
        self._state: SourceState = "connecting"
        self._since = time.time()
        self._reason: str | None = None
        self._backoff = Backoff(None, _FIRST_S, _LONGEST_S)
        self._begin_s: float | None = None
        self._lock = threading.Lock()
        self._lanes: dict[Lane, str | None] = {}
        self._begin()

    def report(self) -> CameraReport:
        """Return what is known now."""
        regions = {region: LaneReport(lane.statistics, lane.latest) for lane, region in self._lanes.items()}
        return CameraReport(self._state, self._since, self._reason, regions)

    def picture(self) -> UInt8Array | None:
        """Return the newest frame, shape (H, W, 3), uint8, RGB 0..255; None if there is none."""
        frame = self._reader.newest
        return None if frame is None else replace(frame, to_rgb=frame.to_rgb.twin()).rgb()

    def check(self) -> list[Event]:
        """Begin anew what failed, once it is time, and give up what is stuck; return events that end actions."""
        events: list[Event] = []
        if self._begin_s is None:
            if error := self._source.stuck_error():
                for lane in self._lanes:
                    lane.note(Ended(error))
        elif time.monotonic() >= self._begin_s:
            events = self.close()
            self._begin()
        for lane in self._lanes:
            lane.count()
        return events

    def stop(self) -> None:
        """Begin to end reading."""
        self._stop.set()

    def close(self, limit_s: float | None = None) -> list[Event]:
        """End reading, and return the events that end the actions under way; `limit_s` is as for a `StreamReader`."""
        self.stop()
        for lane in self._lanes:
            self._shared.turns.leave(lane)
        self._reader.close(limit_s)
        return [event for lane in self._lanes for event in lane.ended()]

    def _begin(self) -> None:
        plan, shared, spec = self.plan, self._shared, self._shared.engine.spec
        self._become("connecting", None)
        self._begin_s, self._stop = None, threading.Event()
        tap, changed = shared.tap(self.name), partial(self._come_or_gone, self._stop)
        self._source = LiveSource(
            self._address, self._options, say=self._say, stop=self._stop, changed=changed, tap=tap
        )
        self._lanes = {self._lane(region, view): region for region, view in plan.regions.items()}
        self._reader = StreamReader(self._source, [*self._lanes])
        for lane in self._lanes:
            hop_s = lane.hop.num_frames / float(spec.frame_rate_fps or DEFAULT_RATE_FPS)
            shared.turns.join(lane, partial(self._turn, lane), hop_s, plan.priority)
        self._reader.start()

    def _turn(self, lane: Lane) -> Iterator[WindowAnswer | Event]:
        item = lane.take(0)
        if isinstance(item, Ended):
            yield from lane.ended()
            self._ended(item.error)
        elif item is not None:
            yield from lane.handled(item)

    def _ended(self, error: BaseException | None) -> None:
        """Decide, with the first lane that ends, when the source begins anew."""
        if error is not None and not isinstance(error, Exception):
            raise error
        reason = "it is over"
        if isinstance(error, I3DError):
            reason = error.message  # hints name options of `i3d stream`
        elif error is not None:  # of a library that could not take a picture
            reason = f"{type(error).__name__}: {short_reason(error)}"
        with self._lock:
            if self._begin_s is not None:
                return
            delay_s = math.inf if error is None else self._backoff.failed() or _LONGEST_S
            self._begin_s = time.monotonic() + delay_s
        self._stop.set()
        self._become("down", reason)
        if error is not None:
            self._say(f"{reason}; beginning anew in {delay_s:g} s")

    def _lane(self, region: str | None, view: View | None) -> Lane:
        shared = self._shared
        answers = StreamAnswers(shared.engine, window=shared.window, gears=shared.gears)
        return Lane(
            shared.engine.spec,
            self._source,
            answers.infer,
            self._options,
            restart=answers.restart,
            say=self._say,
            region=region,
            view=view,
            told=shared.turns.wake,
            statistics=self._statistics[region],
            gears=shared.gears,
        )

    def _come_or_gone(self, stop: threading.Event, state: SourceState, reason: str | None) -> None:
        """Take a source's own news; a gap is told only when it is back, and nobody knows when that will be."""
        if stop.is_set():  # it was stuck, and another one has taken its place
            return
        if state == "down":
            for lane in self._lanes:
                lane.note(Away())
        self._become(state, reason)

    def _become(self, state: SourceState, reason: str | None) -> None:
        if state == "up":
            self._backoff.succeeded()
        self.was_tried |= state != "connecting"
        self._state, self._since, self._reason = state, time.time(), reason
        self._shared.changed(self.name, state, reason)

    def _say(self, text: str) -> None:
        self._shared.say(f"{self.name}: {text}")
