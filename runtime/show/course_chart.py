"""A chart of class probabilities over the course of a video."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from i3d_edge.runtime.show.chart import Axis, Plot, linear_ticks, time_ticks
from i3d_edge.runtime.show.course import Course

MAX_STEPS = 500


@dataclass(frozen=True, slots=True)
class CourseChart:
    """What the page draws: left edge and width of stretches without a view, and a line per class as SVG path data."""

    plot: Plot
    gaps: list[tuple[float, float]]
    paths: list[str]


def course_chart(course: Course, classes: Sequence[int], *, is_narrow: bool = False) -> CourseChart:
    """Draw the probabilities of classes, in the order of their colours, over at most `MAX_STEPS` steps of time.

    A narrow chart is for phones.
    """
    course = course.coarser(MAX_STEPS)
    plot = _plot(course, float(course.probabilities[:, list(classes)].max()), is_narrow=is_narrow)
    edges_s = [0.0, *(edge_s for span in course.seen_spans() for edge_s in span), course.duration_s]
    ends = [(plot.x.at(start_s), plot.x.at(end_s)) for start_s, end_s in zip(edges_s[::2], edges_s[1::2], strict=True)]
    gaps = [(left, round(right - left, 1)) for left, right in ends if right - left >= 1]
    return CourseChart(plot, gaps, [_path(course, index, plot) for index in classes])


def _plot(course: Course, highest: float, *, is_narrow: bool) -> Plot:
    """Return the axes; that of probabilities ends at 100, 50 or 25 %, so that charts of several videos compare."""
    top = next((top for top in (0.25, 0.5) if highest <= top), 1.0)
    width, height, num_ticks = (360, 230, 5) if is_narrow else (880, 300, 12)
    unit = "s" if course.duration_s < 120 else "min:s" if course.duration_s < 3600 else "h:min:s"
    times, title = time_ticks(course.duration_s, num_ticks), f"time in the video ({unit})"
    probs = {prob: f"{100 * prob:g} %" for prob in linear_ticks(0, top)}
    x = Axis(0, course.duration_s, 48, width - 18, times, title)
    return Plot(width, height, x, Axis(0, top, height - 42, 26, probs, "probability"))


def _path(course: Course, index: int, plot: Plot) -> str:
    parts, was_seen = [], False
    for (start_s, end_s), row, is_seen in zip(
        pairwise(course.edges_s), course.probabilities, course.is_seen, strict=True
    ):
        if is_seen:
            y = plot.y.at(float(row[index]))
            parts.append(f"V{y}" if was_seen else f"M{plot.x.at(start_s)} {y}")
            parts.append(f"H{plot.x.at(end_s)}")
        was_seen = bool(is_seen)
    return "".join(parts)
