"""Turns: whose window the model takes next."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.lane import Lane

Turn = Callable[[], Iterator[WindowAnswer | Event]]  # does what is next in a lane, and yields what comes of it


@dataclass(slots=True)
class _Place:
    turn: Turn
    stride: float
    at: float
    taken_s: float | None = None


class Turns:
    """Gives each lane a share of the model in proportion to what it asks for.

    With too many cameras the hops of all become longer by one factor, and that of a camera of double priority by half
    of it. This is stride scheduling: each turn moves a lane ahead by its hop, and the one that is furthest behind is
    next. Time in which nothing was due is not made up for.
    """

    def __init__(self) -> None:
        self._places: dict[Lane, _Place] = {}
        self._at = 0.0
        self._changed = threading.Condition()

    @property
    def oldest_s(self) -> float | None:
        """When the oldest of the turns under way was taken, on the monotonic clock; None if there is none."""
        with self._changed:
            return min((place.taken_s for place in self._places.values() if place.taken_s is not None), default=None)

    def join(self, lane: Lane, turn: Turn, hop_s: float, priority: float = 1.0) -> None:
        """Let a lane take part, whose `told` calls `wake`.

        It comes every `hop_s` seconds if the model keeps up, and else `priority` times as often as one of priority 1.
        """
        with self._changed:
            self._places[lane] = _Place(turn, hop_s / priority, self._at)

    def leave(self, lane: Lane) -> None:
        """Let a lane take no further part; wait for its turn under way."""
        with self._changed:
            place = self._places[lane]
            self._changed.wait_for(lambda: place.taken_s is None)
            del self._places[lane]

    def wake(self) -> None:
        """Look again: something waits in a lane."""
        with self._changed:
            self._changed.notify()

    def take(self, timeout_s: float) -> Iterator[WindowAnswer | Event]:
        """Take the next turn, and yield what comes of it; nothing if no lane is due within the time-out."""
        with self._changed:
            if not self._changed.wait_for(self._due, timeout_s):
                return
            place = min(self._due(), key=lambda place: place.at)
            self._at = max(self._at, place.at)
            place.at = self._at + place.stride
            place.taken_s = time.monotonic()
        try:
            yield from place.turn()
        finally:
            with self._changed:
                place.taken_s = None
                self._changed.notify_all()

    def _due(self) -> list[_Place]:
        return [place for lane, place in self._places.items() if place.taken_s is None and lane.is_due]
