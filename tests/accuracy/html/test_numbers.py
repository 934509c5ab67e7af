import pytest

from i3d_edge.accuracy.report.html.axes import linear_ticks, log_ticks
from i3d_edge.accuracy.report.html.numbers import plural, seconds, signed, significant


def test_three_digits() -> None:
    for value, shown in [
        (0.0123456, "0.0123"),
        (1234.5, "1234"),
        (30.0, "30"),
        (30.04, "30"),
        (999.6, "1000"),
        (0.09996, "0.100"),
        (0.0, "0"),
        (2.345, "2.35"),
        (-0.5, "-0.500"),
    ]:
        assert significant(value) == shown


def test_times() -> None:
    for value, shown in [
        (0.15234, "152 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (12.34, "12.3 s"),
        (0.00123, "1.23 ms"),
    ]:
        assert seconds(value) == shown


def test_differences() -> None:
    for points, shown in [(2.51, "+2.5"), (-2.51, "\N{MINUS SIGN}2.5"), (0.04, "0.0"), (-0.04, "0.0")]:
        assert signed(points) == shown


def test_nouns() -> None:
    assert [plural(number, "video") for number in (0, 1, 1200)] == ["0 videos", "1 video", "1,200 videos"]


def test_round_ticks() -> None:
    for low, high, ticks in [
        (0.72, 0.88, [0.7, 0.75, 0.8, 0.85, 0.9]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.5, 0.5, [0.5]),
        (0.901, 1.0, [0.9, 0.92, 0.94, 0.96, 0.98, 1.0]),
    ]:
        assert linear_ticks(low, high) == ticks


def test_logarithmic_ticks() -> None:
    assert log_ticks(0.08, 3) == pytest.approx([0.1, 0.2, 0.5, 1, 2])
    assert log_ticks(0.001, 1000) == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])
