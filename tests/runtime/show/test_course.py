import numpy as np
import pytest
from answers import answer, view

from i3d_edge.runtime.show.course import Course


def course(duration_s: float, *views: object) -> Course:
    return Course.of(answer(duration_s, *views))  # type: ignore[arg-type]


TWO = (view(0, 3, 0.8, 0.2), view(2, 5, 0.1, 0.7))
"""Overlapping between 2 and 3 s; in a video of 6 s nothing looks at its last second."""


def test_at_a_time_the_views_that_look_at_it_are_averaged(subtests: pytest.Subtests) -> None:
    for time_s, alpha, beta in [
        (0.0, 0.8, 0.2),
        (1.99, 0.8, 0.2),
        (2.0, 0.45, 0.45),
        (2.99, 0.45, 0.45),
        (3.0, 0.1, 0.7),
        (4.99, 0.1, 0.7),
        (5.0, 0, 0),
        (6.0, 0, 0),
    ]:
        with subtests.test(time_s=time_s):
            drawn = course(6, *TWO)
            step = drawn.step_at(time_s)
            assert drawn.probabilities[step, :2] == pytest.approx([alpha, beta])
            assert drawn.is_seen[step] == (time_s < 5)


def test_steps_lie_where_views_begin_and_end() -> None:
    drawn = course(6, *TWO)
    assert drawn.edges_s == (0, 2, 3, 5, 6)
    assert drawn.seen_s == 5
    assert not drawn.is_whole
    assert drawn.seen_spans() == [(0, 5)]


def test_times_outside_fall_on_the_nearest_step() -> None:
    drawn = course(6, *TWO)
    assert (drawn.step_at(-1), drawn.step_at(99)) == (0, 3)


def test_crops_of_a_clip_count_the_same_as_clips() -> None:
    drawn = course(2, view(0, 2, 0.9), view(0, 2, 0.3, crop=1), view(0, 2, 0.3, crop=2))
    assert drawn.probabilities[0, 0] == pytest.approx(0.5)
    assert drawn.edges_s == (0, 2)


def test_the_end_of_the_video_cuts_off_a_clip_that_repeats_it() -> None:
    drawn = course(1.2, view(0, 3.16, 0.9))
    assert drawn.edges_s == (0, 1.2)
    assert drawn.is_whole


def test_many_overlapping_views_leave_no_rounding_behind() -> None:
    views = [view(start / 25, start / 25 + 1, 0.3, 0.6) for start in range(200)]
    drawn = course(20, *views)
    assert drawn.probabilities[drawn.is_seen][:, :2] == pytest.approx(np.array([[0.3, 0.6]] * drawn.is_seen.sum()))
    assert drawn.seen_s == pytest.approx(199 / 25 + 1)
    assert not drawn.probabilities[~drawn.is_seen].any()


def test_spans_join_steps_with_the_same_best_class() -> None:
    spans = course(8, view(0, 2, 0.8), view(2, 4, 0.6), view(4, 6, 0.1, 0.9), view(7, 8, 0.1, 0.9)).spans()
    assert [(span.start_s, span.end_s, span.index) for span in spans] == [(0, 4, 0), (4, 6, 1), (7, 8, 1)]
    assert [span.prob for span in spans] == pytest.approx([0.7, 0.9, 0.9])
    assert spans[0].length_s == 4


def test_notable_are_those_that_lead_for_long_then_those_that_are_probable() -> None:
    drawn = course(9, view(0, 2, 0.8, 0.1), view(2, 8, 0.2, 0.5, 0.3), view(8, 9, 0.9, 0.02, 0.02, 0.04, 0.02))
    assert drawn.notable_classes([0, 1, 2, 3, 4], 5) == [1, 0, 2]
    assert drawn.notable_classes([0, 1, 2, 3, 4], 2) == [1, 0]


def test_coarser_averages_over_what_was_seen(subtests: pytest.Subtests) -> None:
    for num_steps, alpha, seen in [
        (1, [0.75 * 0.4 + 0.25 * 0.8], [True]),
        (2, [0.4, 0.4 / 3 + 0.8 * 2 / 3], [True, True]),
        (5, [0.4, 0.4, 0.4, 0.8, 0], [True, True, True, True, False]),
    ]:
        with subtests.test(num_steps=num_steps):
            pieces = [view(0.01 * step, 0.01 * step + 0.01, 0.4) for step in range(600)]
            drawn = course(10, *pieces, view(6, 8, 0.8)).coarser(num_steps)
            assert drawn.is_seen.tolist() == seen
            assert drawn.probabilities[:, 0] == pytest.approx(alpha, abs=1e-5)
            assert len(drawn.edges_s) == num_steps + 1


def test_coarser_leaves_a_short_course_alone() -> None:
    drawn = course(6, *TWO)
    assert drawn.coarser(4) is drawn
