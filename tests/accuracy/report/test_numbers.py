from i3d_edge.accuracy.report.numbers import seconds, signed, significant
from i3d_edge.accuracy.report.tradeoff import number_positions
from i3d_edge.core.text import plural


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


def test_numbers_of_points_keep_apart() -> None:
    assert number_positions([(100, 50), (300, 50)]) == [(113, 50), (313, 50)]
    close = number_positions([(100, 60), (105, 50), (104, 55), (300, 50)])
    assert close == [(113, 76), (118, 50), (117, 63), (313, 50)]
