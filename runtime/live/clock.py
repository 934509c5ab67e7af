"""Stream time: where each frame of a live source lies on one clock that never runs backwards."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low

from i3d_edge.runtime.frames.timeline import LONGEST_STILL_S, longest_step

MAX_GAP_S = 2.0  # a longer pause of a live source at a usual rate is a gap, after which the window starts again
_JUMPS_UNTIL_DISTRUST = 3
_JUMPS_WITHIN_S = 10
_REPEATS_UNTIL_DISTRUST = 25
_STEPS_REMEMBERED = 25
_FEWEST_STEPS = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of a frame on the stream's clock."""

    time: Fraction  # seconds since the first frame, exact
    break_reason: str | None = None  # why nothing may span this frame and the one before
    note: str | None = None  # for the user


class StreamClock:
    """Places frames by their presentation times, or by their arrival if those cannot be trusted.

    Time continues over jumps and reconnections: the next frame is placed by how long it took to arrive or, in a
    file, a usual step later. What is a jump says `longest_step`. After three jumps within ten seconds, or a second of
    frames with the same time, presentation times are no longer trusted.
    """

    def __init__(self, *, is_live: bool, frame_duration: Fraction = Fraction(1, 25)) -> None:
        self.is_live = is_live
        self._stated_duration = frame_duration
        self._steps: deque[Fraction] = deque(maxlen=_STEPS_REMEMBERED)
        self.trusts_pts = True
        self.time: Fraction | None = None
        self._pts: Fraction | None = None
        self._pts_time = Fraction(0)
        self._arrived_s = 0.0
        self._break: str | None = None
        self._jumps: list[Fraction] = []
        self._num_repeats = 0

    @property
    def frame_duration(self) -> Fraction:
        """The usual step between the last frames, the stated one as long as there are few. Unit: seconds."""
        return median_low(self._steps) if len(self._steps) >= _FEWEST_STEPS else self._stated_duration

    def reconnect(self, reason: str) -> None:
        """Note that the next frame comes from a new connection."""
        self._break, self._pts = reason, None

    def append(self) -> None:
        """Note that the next frame directly follows the last one, as when a file is looped."""
        self._pts = None

    def place(self, pts: Fraction | None, arrived_s: float) -> Placed | None:
        """Place a frame by its presentation time, if it has one, in seconds of the source's own clock.

        None means that it is not later than the one before, and is skipped. `arrived_s` is on a clock that only grows.
        """
        if not self.trusts_pts:
            pts = None
        placed = self._placed(pts, arrived_s)
        if placed is not None:
            if self.time is not None and placed.break_reason is None:
                self._steps.append(placed.time - self.time)
            self.time, self._arrived_s, self._break = placed.time, arrived_s, None
            if pts is not None:
                self._pts, self._pts_time = pts, placed.time
        return placed

    def _placed(self, pts: Fraction | None, arrived_s: float) -> Placed | None:
        if self.time is None:
            return Placed(Fraction(0))
        if self._break is not None:
            return Placed(self._later(arrived_s), self._break)
        if pts is None or self._pts is None:
            return self._by_arrival(arrived_s)
        step = pts - self._pts
        if step == 0:
            self._num_repeats += 1
            return self._distrusted(arrived_s) if self._num_repeats >= _REPEATS_UNTIL_DISTRUST else None
        self._num_repeats = 0
        if 0 < step <= self._longest_step():
            time = self._pts_time + step
            return Placed(time) if time > self.time else None
        return self._jumped(step, arrived_s)

    def _by_arrival(self, arrived_s: float) -> Placed:
        assert self.time is not None
        time = self._later(arrived_s)
        if time - self.time > self._longest_step():
            return Placed(time, f"no frame for {float(time - self.time):.1f} s")
        return Placed(time)

    def _jumped(self, step: Fraction, arrived_s: float) -> Placed:
        time = self._later(arrived_s)
        self._jumps = [jump for jump in self._jumps if time - jump < _JUMPS_WITHIN_S] + [time]
        if len(self._jumps) >= _JUMPS_UNTIL_DISTRUST:
            return self._distrusted(arrived_s)
        direction = "ahead" if step > 0 else "back"
        return Placed(time, f"timestamps jump {direction} by {abs(float(step)):.2f} s")

    def _distrusted(self, arrived_s: float) -> Placed:
        self.trusts_pts = False
        clock = "arrival times" if self.is_live else "the nominal frame rate"
        return Placed(
            self._later(arrived_s),
            "timestamps make no sense",
            f"the source's timestamps make no sense; using {clock} instead",
        )

    def _longest_step(self) -> Fraction:
        return longest_step(self.frame_duration, MAX_GAP_S if self.is_live else LONGEST_STILL_S)

    def _later(self, arrived_s: float) -> Fraction:
        """Return the time of a frame whose own time cannot be compared with the one before."""
        assert self.time is not None
        if not self.is_live:
            return self.time + self.frame_duration
        elapsed = Fraction(round((arrived_s - self._arrived_s) * 1_000_000), 1_000_000)
        return self.time + max(elapsed, Fraction(1, 1000))


class Lag:
    """Warns of a frame more than two seconds later than the earliest before, and again after the delay was made up."""

    def __init__(self) -> None:
        self._earliest_s: float | None = None
        self._is_told = False
        self._on_time = (0.0, 0.0)

    def note(self, time: Fraction, arrived_s: float, waited_s: float) -> str | None:
        """Take a frame's time, when it was decoded, and how long the source was waited for by then; may warn."""
        offset_s = arrived_s - float(time)
        self._earliest_s = offset_s if self._earliest_s is None else min(self._earliest_s, offset_s)
        lag_s = offset_s - self._earliest_s
        if lag_s < MAX_GAP_S / 2:
            self._is_told = False
            self._on_time = (arrived_s, waited_s)
        if lag_s <= MAX_GAP_S or self._is_told:
            return None
        self._is_told = True
        waiting = (waited_s - self._on_time[1]) / (arrived_s - self._on_time[0])
        cause = "the network" if waiting > 0.5 else "decoding, beside inference,"
        return f"frames arrive {lag_s:.1f} s late: {cause} is too slow; {waiting:.0%} of the time no data came"


class Pacer:
    """Delays frames so that they are shown at the speed of their times; a late one delays those after it."""

    def __init__(self) -> None:
        self._origin_s: float | None = None

    def delay_s(self, time: Fraction, now_s: float) -> float:
        """Return the seconds until a frame of that stream time is due."""
        if self._origin_s is None or now_s >= self._origin_s + float(time):
            self._origin_s = now_s - float(time)
            return 0.0
        return self._origin_s + float(time) - now_s
