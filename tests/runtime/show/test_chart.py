from i3d_edge.runtime.show.chart import Axis, time_text, time_ticks


def test_positions() -> None:
    assert [Axis(0, 10, 50, 250, {}, "").at(value) for value in (0, 2.5, 10)] == [50, 100, 250]
    upward = Axis(0.5, 1, 300, 20, {0.75: "75 %"}, "")
    assert upward.marks == [(160, "75 %")]


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
