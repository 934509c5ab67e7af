from fractions import Fraction

import pytest

from i3d_edge.runtime.live.clock import Lag, Pacer, StreamClock


def placed(clock: StreamClock, rows: list[tuple[object, float]]) -> list[tuple[float, str | None] | None]:
    result = []
    for pts, arrived_s in rows:
        place = clock.place(None if pts is None else Fraction(str(pts)), arrived_s)
        result.append(place and (float(place.time), place.break_reason))
    return result


def test_a_live_clock(subtests: pytest.Subtests) -> None:
    for case, (rows, expected) in {
        "presentation times": ([(7, 0), (7.04, 9), (7.08, 9)], [(0, None), (0.04, None), (0.08, None)]),
        "arrival": ([(None, 3), (None, 3.1), (None, 3.3)], [(0, None), (0.1, None), (0.3, None)]),
        "a gap": ([(0, 0), (1.9, 2), (4, 4)], [(0, None), (1.9, None), (3.9, "timestamps jump ahead by 2.10 s")]),
        "back, and on from there": (
            [(5, 0), (5.04, 0.04), (1, 0.08), (1.04, 0.12)],
            [(0, None), (0.04, None), (0.08, "timestamps jump back by 4.04 s"), (0.12, None)],
        ),
        "the same time twice": ([(1, 0), (1, 0.04), (1.08, 0.08)], [(0, None), None, (0.08, None)]),
        "silence by arrival": ([(None, 0), (None, 5)], [(0, None), (5, "no frame for 5.0 s")]),
        "some have none": (
            [(0, 0), (None, 0.05), (0.04, 0.1), (0.08, 0.1)],
            [(0, None), (0.05, None), None, (0.08, None)],
        ),
    }.items():
        with subtests.test(case):
            assert placed(StreamClock(is_live=True), rows) == expected


def test_the_clock_of_a_file(subtests: pytest.Subtests) -> None:
    for case, (rows, expected) in {
        "a still of a minute is no gap": ([(0, 0), (60, 0)], [(0, None), (60, None)]),
        "no timestamps": ([(None, 0), (None, 0), (None, 0)], [(0, None), (0.04, None), (0.08, None)]),
        "back: a frame's duration later": (
            [(5, 0), (1, 0), (1.1, 0)],
            [(0, None), (0.04, "timestamps jump back by 4.00 s"), (0.14, None)],
        ),
        "an hour ahead is a gap": (
            [(0, 0), (0.04, 0), (3600, 0), (3600.04, 0)],
            [(0, None), (0.04, None), (0.08, "timestamps jump ahead by 3599.96 s"), (0.12, None)],
        ),
    }.items():
        with subtests.test(case):
            assert placed(StreamClock(is_live=False), rows) == expected


def test_timestamps_that_keep_jumping_are_not_trusted() -> None:
    clock = StreamClock(is_live=True)
    placed(clock, [(0, 0), (9, 0.1), (0, 0.2)])
    last = clock.place(Fraction(9), 0.3)
    assert last is not None
    assert (float(last.time), last.break_reason) == (0.3, "timestamps make no sense")
    assert last.note == "the source's timestamps make no sense; using arrival times instead"
    assert placed(clock, [(0, 0.4), (9, 0.5)]) == [(0.4, None), (0.5, None)]


def test_rare_jumps_do_not_count_together() -> None:
    clock = StreamClock(is_live=True)
    for hour in range(24):
        placed(clock, [(pts, 3600 * hour + pts) for pts in range(11)])
    assert clock.trusts_pts


def test_one_time_for_all_frames_is_not_trusted() -> None:
    clock = StreamClock(is_live=False)
    result = placed(clock, [(1, 0)] * 28)
    assert result[1:25] == [None] * 24
    assert result[25:] == [(0.04, "timestamps make no sense"), (0.08, None), (0.12, None)]


def test_a_reconnection_is_placed_by_arrival() -> None:
    clock = StreamClock(is_live=True)
    placed(clock, [(100, 50), (100.04, 50.04)])
    clock.reconnect("gone")
    assert placed(clock, [(3, 57.04), (3.04, 57.1)]) == [(7.04, "gone"), (7.08, None)]


def test_a_file_begins_again_without_a_break() -> None:
    clock = StreamClock(is_live=False, frame_duration=Fraction(1, 50))
    placed(clock, [(1, 0), (1.04, 0)])
    clock.append()
    assert placed(clock, [(1, 0), (1.04, 0)]) == [(0.06, None), (0.1, None)]


def test_frames_that_come_late_are_told_once_each_time() -> None:
    lag = Lag()
    # Stream time, arrival, and how long the source was waited for until then.
    steps = [(0, 10.5, 1), (1, 11.0, 1), (2, 14.0, 4), (3, 15.1, 4.2), (4, 17.0, 5), (5, 15.5, 5), (6, 19.0, 5.7)]
    said = [lag.note(Fraction(time), arrived_s, waited_s) for time, arrived_s, waited_s in steps]
    text = "frames arrive {} s late: {} is too slow; {}% of the time no data came"
    decoding = text.format("3.0", "decoding, beside inference,", 20)
    assert said == [None, None, None, text.format("2.1", "the network", 78), None, None, decoding]


def test_pacing_holds_back_and_does_not_hurry() -> None:
    pacer = Pacer()
    steps = [(0, 10.0, 0), (1, 10.2, 0.8), (2, 14.0, 0), (3, 14.1, 0.9), (3.5, 15.5, 0)]
    for time, now_s, expected in steps:
        assert pacer.delay_s(Fraction(time), now_s) == pytest.approx(expected), time
