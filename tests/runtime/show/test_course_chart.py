from answers import answer, view

from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.course_chart import MAX_STEPS, course_chart

COURSE = Course.of(answer(10, view(2, 4, 0.75, 0.2), view(4, 6, 0.25, 0.6)))


def test_a_line_steps_from_view_to_view_and_stops_where_there_is_none() -> None:
    chart = course_chart(COURSE, [0, 1])
    x, y = chart.plot.x, chart.plot.y
    assert chart.paths[0] == f"M{x.at(2)} {y.at(0.75)}H{x.at(4)}V{y.at(0.25)}H{x.at(6)}"
    assert len(chart.paths) == 2


def test_unseen_stretches_are_gaps() -> None:
    chart = course_chart(COURSE, [0])
    x = chart.plot.x
    assert [left for left, _ in chart.gaps] == [x.at(0), x.at(6)]
    assert course_chart(Course.of(answer(10, view(0, 10, 0.9))), [0]).gaps == []


def test_the_axis_ends_above_the_highest_line() -> None:
    for highest, top in [(0.93, 1), (0.51, 1), (0.5, 0.5), (0.2, 0.25), (0, 0.25)]:
        plot = course_chart(Course.of(answer(10, view(0, 10, highest))), [0]).plot
        assert (plot.y.high, max(plot.y.ticks)) == (top, top)


def test_a_long_course_makes_no_long_page() -> None:
    views = [view(second, second + 3.16, 0.5 + second % 5 / 10) for second in range(3600)]
    chart = course_chart(Course.of(answer(3600, *views)), [0, 1])
    assert all(path.count("H") <= MAX_STEPS for path in chart.paths)
    assert "1:00:00" in chart.plot.x.ticks.values()
