import pytest

from i3d_edge.runtime.show.chart import Axis, linear_ticks, log_ticks, time_text, time_ticks


def test_positions() -> None:
    assert [Axis(0, 10, 50, 250, {}, "").at(value) for value in (0, 2.5, 10)] == [50, 100, 250]
    upward = Axis(0.5, 1, 300, 20, {0.75: "75 %"}, "")
    assert upward.marks == [(160, "75 %")]
    assert [Axis(0.1, 10, 0, 200, {}, "", is_log=True).at(value) for value in (0.1, 1, 10)] == [0, 100, 200]


def test_round_ticks() -> None:
    for low, high, ticks in [
        (0.72, 0.88, [0.7, 0.75, 0.8, 0.85, 0.9]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.5, 0.5, [0.5]),
        (0.901, 1.0, [0.9, 0.92, 0.94, 0.96, 0.98, 1.0]),
    ]:
        assert linear_ticks(low, high) == ticks


def test_logarithmic_ticks() -> None:
    assert log_ticks(0.08, 3, 12) == pytest.approx([0.1, 0.2, 0.5, 1, 2])
    assert log_ticks(0.001, 1000, 12) == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])
    assert log_ticks(0.08, 30, 5) == pytest.approx([0.1, 1, 10])
    assert log_ticks(0.001, 1000, 5) == pytest.approx([0.001, 0.1, 10, 1000])


def test_time_ticks_are_round() -> None:
    for duration_s, most, last_s, num_ticks in [
        (10, 10, 10, 11),
        (10, 5, 10, 6),
        (56, 10, 50, 6),
        (0.04, 10, 0, 1),
        (3600, 10, 3600, 7),
    ]:
        ticks = time_ticks(duration_s, most)
        assert (max(ticks), len(ticks)) == (last_s, num_ticks)


def test_time_ticks_read_well() -> None:
    for time_s, duration_s, text in [(2.5, 10, "2.5"), (4.0, 10, "4"), (90, 600, "1:30"), (5, 600, "0:05")]:
        assert time_text(time_s, duration_s) == text
