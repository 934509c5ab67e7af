import re

from answers import answer, view

from i3d_edge.runtime.show.chart import NARROW, WIDE, Line, draw, legend, spread, tick_step_s, time_text, top_prob
from i3d_edge.runtime.show.course import Course

LINES = [Line(0, "alpha", 0), Line(1, "beta <b>", 1)]


def test_labels_move_apart() -> None:
    for wanted, placed in [
        ([10, 12, 40], [10, 15, 40]),
        ([40, 41], [37, 42]),
        ([12, 10], [15, 10]),
        ([-5], [0]),
        ([50], [42]),
        ([20, 20, 20], [20, 25, 30]),
        ([], []),
    ]:
        assert spread(wanted, 5, 0, 42) == placed


def test_time_marks_are_round() -> None:
    for duration_s, num_ticks, step_s in [(10, 10, 1), (10, 5, 2), (56, 10, 10), (0.04, 10, 0.1), (3600, 10, 600)]:
        assert tick_step_s(duration_s, num_ticks) == step_s


def test_time_marks_read_well() -> None:
    for time_s, duration_s, text in [(2.5, 10, "2.5"), (4.0, 10, "4"), (90, 600, "1:30"), (5, 600, "0:05")]:
        assert time_text(time_s, duration_s) == text


def test_the_axis_ends_above_the_highest_line() -> None:
    for highest, top in [(0.93, 1), (0.51, 1), (0.5, 0.5), (0.2, 0.25), (0, 0.25)]:
        assert top_prob(highest) == top


def course() -> Course:
    return Course.of(answer(10, view(2, 4, 0.75, 0.2), view(4, 6, 0.25, 0.6)))


def test_a_line_steps_from_view_to_view_and_stops_where_none_looked() -> None:
    drawn = draw(course(), LINES, WIDE, "title")
    [line, _sample] = re.findall(r'class="line c0" d="([^"]+)"', drawn)
    left, right, top, bottom = WIDE.left, WIDE.right, WIDE.top, WIDE.bottom
    x = [round(left + (right - left) * part, 1) for part in (0.2, 0.4, 0.6)]
    y = [round(bottom - (bottom - top) * prob, 1) for prob in (0.75, 0.25)]
    assert line == f"M{x[0]} {y[0]}H{x[1]}V{y[1]}H{x[2]}"


def test_what_was_not_looked_at_is_marked_and_named() -> None:
    drawn = draw(course(), LINES, WIDE, "title")
    assert drawn.count('class="gap"') == 2
    assert drawn.count("not looked at") == 2


def test_axes_have_names_and_units() -> None:
    drawn = draw(course(), LINES, WIDE, "title")
    assert ">probability</text>" in drawn
    assert ">time in the video (s)</text>" in drawn
    assert ">100 %</text>" in drawn


def test_labels_are_beside_the_wide_chart_and_below_the_narrow_one() -> None:
    assert "beta &lt;b&gt;" in draw(course(), LINES, WIDE, "title")
    assert "beta" not in draw(course(), LINES, NARROW, "title")
    assert "<bdi>beta &lt;b&gt;</bdi>" in legend(LINES)


def test_a_long_course_makes_no_long_page() -> None:
    views = [view(second, second + 3.16, 0.5 + second % 5 / 10) for second in range(3600)]
    drawn = draw(Course.of(answer(3600, *views)), LINES, WIDE, "title")
    assert len(drawn) < 40_000
    assert ">60:00</text>" in drawn
