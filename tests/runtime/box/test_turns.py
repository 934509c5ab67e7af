"""Whose window is next."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from i3d_edge.runtime.box.turns import Turns
from i3d_edge.runtime.live.lane import Lane


def a_lane(*, is_due: bool = True) -> Lane:
    return cast(Lane, cast(Any, _Hashable(is_due=is_due)))


class _Hashable(SimpleNamespace):
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def join(turns: Turns, name: Any, hop_s: float = 1.0, priority: float = 1.0) -> Lane:
    lane = a_lane()
    turns.join(lane, lambda: iter([name]), hop_s, priority)
    return lane


def test_under_overload_all_hops_are_stretched_by_one_factor() -> None:
    turns = Turns()
    for name, hop_s, priority in (("a", 1, 1), ("b", 1, 1), ("slow", 2, 1), ("dear", 1, 2)):
        join(turns, name, hop_s, priority)
    counts = Counter(name for _ in range(900) for name in turns.take(0))
    assert counts == {"a": 200, "b": 200, "slow": 100, "dear": 400}


def test_time_in_which_nothing_was_due_is_not_made_up_for() -> None:
    turns = Turns()
    join(turns, "busy")
    resting = join(turns, "rested")
    cast(Any, resting).is_due = False
    assert [*turns.take(0), *turns.take(0), *turns.take(0)] == ["busy"] * 3
    cast(Any, resting).is_due = True
    assert Counter(name for _ in range(10) for name in turns.take(0)) == {"busy": 5, "rested": 5}


def test_a_lane_that_is_not_due_has_no_turn_and_one_is_had_by_one_thread_alone() -> None:
    turns = Turns()
    idle = a_lane(is_due=False)
    turns.join(idle, lambda: iter([cast(Any, "idle")]), 1)
    assert list(turns.take(0)) == []
    lane = join(turns, "a")
    first = turns.take(0)
    assert next(first) == "a"
    assert list(turns.take(0)) == []
    first.close()
    assert list(turns.take(0)) == ["a"]
    turns.leave(lane)
    assert list(turns.take(0)) == []


def test_to_leave_waits_for_the_turn_under_way() -> None:
    turns, order, begun = Turns(), [], threading.Event()
    lane = a_lane()

    def turn() -> Iterator[Any]:
        begun.set()
        time.sleep(0.2)
        order.append("turn")
        yield "a"

    turns.join(lane, turn, 1)
    taker = threading.Thread(target=lambda: list(turns.take(0)))
    taker.start()
    assert begun.wait(5)
    turns.leave(lane)
    order.append("left")
    taker.join()
    assert order == ["turn", "left"]


def test_who_waits_is_woken() -> None:
    turns = Turns()
    lane = a_lane(is_due=False)
    turns.join(lane, lambda: iter([cast(Any, "a")]), 1)
    taken: list[Any] = []
    taker = threading.Thread(target=lambda: taken.extend(turns.take(10)))
    taker.start()
    cast(Any, lane).is_due = True
    turns.wake()
    taker.join(5)
    assert taken == ["a"]
