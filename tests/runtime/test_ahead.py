"""Working ahead keeps the order, its bounds, and each item's own failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from runtime.ahead import prepare_ahead


def test_items_come_in_their_order_however_long_each_takes() -> None:
    def slow_if_even(number: int) -> int:
        time.sleep(0.02 * (number % 2 == 0))
        return number * 10

    got = [(item, result()) for item, result in prepare_ahead(slow_if_even, range(9), num_threads=3)]
    assert got == [(number, number * 10) for number in range(9)]


def test_preparation_overlaps_with_use() -> None:
    started = time.perf_counter()
    for _, result in prepare_ahead(lambda _: time.sleep(0.05), range(8), num_threads=2, num_ahead=3):
        result()
        time.sleep(0.05)
    assert time.perf_counter() - started < 8 * 0.1 * 0.85


def test_no_more_is_begun_than_is_allowed() -> None:
    taken: list[int] = []
    prepared: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    iterator = prepare_ahead(prepared.append, items(), num_threads=2, num_ahead=3)
    assert taken == []
    for used in range(5):
        item, result = next(iterator)
        result()
        time.sleep(0.02)
        assert item == used
        assert len(taken) == used + 4
        assert len(prepared) <= used + 4
    iterator.close()
    assert len(taken) == 8


def test_a_failure_is_raised_in_its_place_and_stops_nothing() -> None:
    def fail_at_two(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    got = []
    for item, result in prepare_ahead(fail_at_two, range(5)):
        if item == 2:
            with pytest.raises(ValueError, match="two"):
                result()
        else:
            got.append(result())
    assert got == [0, 1, 3, 4]


def test_ending_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    for _, result in prepare_ahead(lambda number: number, range(100)):
        result()
        break
    assert threading.active_count() == before
