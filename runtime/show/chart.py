"""The probability of a video's classes over time, as an SVG that stands in an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.markup import escape
from i3d_edge.runtime.show.palette import DASHES

MAX_STEPS = 500
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200)
_LABEL_GAP = 19.0
_CAPTION_WIDTH = 90


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart's plot lies in it, and how large it all is. Units: those of the SVG's view box."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    num_ticks: int
    has_labels: bool


WIDE = Frame("wide", 960, 300, 48, 710, 26, 254, 10, has_labels=True)
NARROW = Frame("narrow", 360, 230, 42, 350, 24, 188, 5, has_labels=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A class that is drawn, and its number in the palette."""

    index: int
    label: str
    number: int


def draw(course: Course, lines: Sequence[Line], frame: Frame, title: str) -> str:
    """Return the chart.

    Args:
        course: What was said, and when.
        lines: The classes to draw.
        frame: `WIDE` has labels at its lines' ends, `NARROW` leaves them to a legend.
        title: Read out in place of the picture.
    """
    course = course.coarser(MAX_STEPS)
    plot = _Plot(course, frame, top_prob(float(course.probabilities[:, [line.index for line in lines]].max())))
    marks = [*_gaps(plot), *_grid(plot), *(_line(plot, line) for line in lines)]
    if frame.has_labels:
        marks += _labels(plot, lines)
    inner = "\n".join(marks)
    return (
        f'<svg class="{frame.name}" viewBox="0 0 {frame.width} {frame.height}" role="img" '
        f'aria-label="{escape(title)}">\n{inner}\n</svg>'
    )


def tick_step_s(duration_s: float, num_ticks: int) -> float:
    """Return the distance of time marks: the least round one that needs no more than so many.

    Example:
        10 s, 10 marks -> 1; 10 s, 5 marks -> 2; 56 s, 10 marks -> 10.
    """
    return next((step for step in _TICKS_S if duration_s / step <= num_ticks), _TICKS_S[-1])


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move heights apart until each is a gap from the next, in their order, as little as goes.

    Args:
        wanted: Where each would like to be.
        gap: The least distance.
        low: Nothing goes below it.
        high: Nothing goes above it, as long as there is room for all.

    Returns:
        As many heights, in the order of `wanted`.

    Example:
        [10, 12, 40] with a gap of 5 from 0 to 42 -> [10, 15, 40]; [40, 41] -> [37, 42].
    """
    order = sorted(range(len(wanted)), key=lambda item: wanted[item])
    placed = list(wanted)
    for before, item in zip([None, *order], order, strict=False):
        placed[item] = max(placed[item], low if before is None else placed[before] + gap)
    limit = high
    for item in reversed(order):
        placed[item] = min(placed[item], limit)
        limit = placed[item] - gap
    return placed


def time_text(time_s: float, duration_s: float) -> str:
    """Return a time mark: seconds, or minutes in a video of two minutes or more.

    Example:
        2.5 of 10 -> "2.5"; 90 of 600 -> "1:30".
    """
    if duration_s < 120:
        return f"{time_s:g}"
    return f"{int(time_s) // 60}:{int(time_s) % 60:02}"


def top_prob(highest: float) -> float:
    """Return where the axis of probabilities ends: at 1, or at a half or a quarter where nothing is higher.

    Example:
        0.93 -> 1; 0.4 -> 0.5; 0.1 -> 0.25.
    """
    return next((top for top in (0.25, 0.5) if highest <= top), 1.0)


@dataclass(frozen=True, slots=True)
class _Plot:
    course: Course
    frame: Frame
    top_prob: float

    def x(self, time_s: float) -> float:
        frame = self.frame
        return round(frame.left + (frame.right - frame.left) * time_s / self.course.duration_s, 1)

    def y(self, prob: float) -> float:
        frame = self.frame
        return round(frame.bottom - (frame.bottom - frame.top) * prob / self.top_prob, 1)


def _grid(plot: _Plot) -> Iterator[str]:
    frame, duration_s = plot.frame, plot.course.duration_s
    for part in range(6):
        prob = plot.top_prob * part / 5
        yield f'<path class="grid" d="M{frame.left} {plot.y(prob)}H{frame.right}"/>'
        yield f'<text class="axis end" x="{frame.left - 6}" y="{plot.y(prob) + 4:g}">{100 * prob:g} %</text>'
    yield f'<text class="axis" x="{frame.left}" y="{frame.top - 9}">probability</text>'
    step = tick_step_s(duration_s, frame.num_ticks)
    for number in range(int(duration_s / step + 1e-9) + 1):
        time_s = round(number * step, 3)
        x, text = plot.x(time_s), time_text(time_s, duration_s)
        yield f'<path class="grid" d="M{x} {frame.bottom}v5"/>'
        yield f'<text class="axis mid" x="{x}" y="{frame.bottom + 18}">{text}</text>'
    unit = "s" if duration_s < 120 else "min:s"
    middle = (frame.left + frame.right) / 2
    yield f'<text class="axis mid" x="{middle:g}" y="{frame.bottom + 36}">time in the video ({unit})</text>'


def _gaps(plot: _Plot) -> Iterator[str]:
    course, frame = plot.course, plot.frame
    edges = [0.0, *(edge for span in course.seen_spans() for edge in span), course.duration_s]
    for start_s, end_s in zip(edges[::2], edges[1::2], strict=True):
        left, width = plot.x(start_s), plot.x(end_s) - plot.x(start_s)
        if width < 1:
            continue
        yield (
            f'<rect class="gap" x="{left}" y="{frame.top}" width="{width:.1f}" height="{frame.bottom - frame.top}"/>'
        )
        if width > _CAPTION_WIDTH:
            middle = (frame.top + frame.bottom) / 2
            yield f'<text class="axis mid" x="{left + width / 2:.1f}" y="{middle:g}">not looked at</text>'


def _line(plot: _Plot, line: Line) -> str:
    course = plot.course
    parts, was_seen = [], False
    for span, row, is_seen in zip(pairwise(course.edges_s), course.probabilities, course.is_seen, strict=True):
        if is_seen:
            y = plot.y(float(row[line.index]))
            parts.append(f"V{y}" if was_seen else f"M{plot.x(span[0])} {y}")
            parts.append(f"H{plot.x(span[1])}")
        was_seen = bool(is_seen)
    return f'<path class="line c{line.number}" d="{"".join(parts)}"/>'


def _labels(plot: _Plot, lines: Sequence[Line]) -> Iterator[str]:
    course, frame = plot.course, plot.frame
    last = max(step for step, seen in enumerate(course.is_seen) if seen)
    ends = [plot.y(float(course.probabilities[last, line.index])) for line in lines]
    heights = spread(ends, _LABEL_GAP, frame.top, frame.bottom)
    for line, end, height in zip(lines, ends, heights, strict=True):
        left = plot.x(course.edges_s[last + 1])
        yield f'<path class="leader c{line.number}" d="M{left} {end}L{frame.right + 14} {height:g}"/>'
        yield f'<path class="line c{line.number}" d="M{frame.right + 16} {height:g}h26"/>'
        yield (
            f'<text class="label" x="{frame.right + 50}" y="{height + 4.5:g}">'
            f"<title>{escape(line.label)}</title>{escape(_short(line.label))}</text>"
        )


def _short(label: str, length: int = 27) -> str:
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"


def legend(lines: Sequence[Line]) -> str:
    """Return the names of lines, for a chart without labels."""
    items = "".join(
        f'<li><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line c{line.number}" d="M0 5H34"/></svg>'
        f"<bdi>{escape(line.label)}</bdi></li>"
        for line in lines
    )
    return f'<ul class="legend">{items}</ul>'


def style(hues: Sequence[str]) -> str:
    """Return the CSS that gives lines their colours.

    Args:
        hues: As CSS writes them, one per number of the palette.
    """
    return "\n".join(f".c{number} {{ stroke: {hue}; }}" for number, hue in enumerate(hues))


def dashes() -> str:
    """Return the CSS that gives lines their dashes."""
    return "\n".join(f".line.c{number} {{ stroke-dasharray: {dash}; }}" for number, dash in enumerate(DASHES))
