"""Where the labels of a chart go: beside their points, not over one another, and not beside the points of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

LETTER_PX = 6.0
"""Mean width of a letter at 12 px; labels are placed by estimate, since nothing here can measure a font."""
LINE_PX = 14.0

Point = tuple[float, float]

_ANGLES = tuple(math.radians(degrees) for degrees in (0, 180, -45, 45, -135, 135, -90, 90, -20, 20, -160, 160))
_DISTANCES = (12, 18, 24, 40, 60, 85, 115, 150)
_POINT_PX = 9.0
_MARGIN_PX = 3
_ADJACENT_PX = 13.0
"""How far a label without a line may be from its point."""
_NEARER = 1.75
"""How many times as far as its own point another must be from a label without a line."""
_WRONG, _CROSSING = 1000.0, 300.0
"""What a place costs, beside pixels covered, that makes a label seem another point's; and for a line over a line."""
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels; y grows downward."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the area that two have in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    def nearest(self, point: Point) -> Point:
        """Return its point that is nearest to another; that itself inside."""
        return min(max(point[0], self.left), self.right), min(max(point[1], self.top), self.bottom)

    def distance(self, point: Point) -> float:
        """Return how far a point is from it; 0 inside."""
        return math.dist(point, self.nearest(point))


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label goes.

    Attributes:
        x: Of its end that is nearest to its point, in pixels; of its middle above and below.
        y: Of its base line.
        anchor: Which of its parts is at x, in the words of SVG.
        is_far: Whether a line should lead to it from its point.
        line_end: Where that line ends.
        box: What it covers.
        is_clear: Whether nobody can take it for another point's: it is nearest to its own by far, or its line passes no
            other point and no label, and it covers no point and no label, and is inside.
    """

    x: float
    y: float
    anchor: str
    is_far: bool
    line_end: Point
    box: Box
    is_clear: bool = True


def text_width(label: str) -> float:
    """Return about how wide a label is, in pixels."""
    return LETTER_PX * len(label)


def place_labels(labels: Sequence[str], points: Sequence[Point], taken: Sequence[Box], inside: Box) -> list[Label]:
    """Choose for each label the nearest place that covers least and by which it is known whose it is.

    Each chooses in turn, and then anew now that the others have their places, until none moves.

    Args:
        labels: One for each point.
        points: Where the points are.
        taken: What labels should not cover: whiskers, lines of text.
        inside: What they must not leave, if that can be had.
    """
    order = sorted(range(len(points)), key=lambda number: points[number])
    placed: dict[int, Label] = {}
    for _ in range(_ROUNDS):
        before = dict(placed)
        for number in order:
            others = [(points[other], label) for other, label in placed.items() if other != number]
            others_points = [point for point in points if point != points[number]]
            placed[number] = _best(labels[number], points[number], others_points, others, taken, inside)
        if placed == before:
            break
    return [placed[number] for number in range(len(points))]


def _best(
    text: str,
    point: Point,
    points: Sequence[Point],
    others: Sequence[tuple[Point, Label]],
    taken: Sequence[Box],
    inside: Box,
) -> Label:
    width = text_width(text)
    best, least = None, math.inf
    for distance in _DISTANCES:
        for angle in _ANGLES:
            found = _at(point, width, distance, angle)
            wrong = _covered(found.box, [*points, point], others, inside) + _WRONG * _num_mistakable(
                found, point, points, others
            )
            crossing = _CROSSING * sum(
                found.is_far and label.is_far and _cross(point, found.line_end, start, label.line_end)
                for start, label in others
            )
            cost = 0.2 * distance + wrong + crossing + sum(found.box.overlap(other) for other in taken)
            if cost < least:
                best, least = replace(found, is_clear=wrong < 1), cost
    assert best is not None
    return best


def _covered(box: Box, points: Sequence[Point], others: Sequence[tuple[Point, Label]], inside: Box) -> float:
    """Return the area of a label outside, 20 times, and over points and labels."""
    outside = box.overlap(box) - box.overlap(inside)
    over = sum(box.overlap(_around(point)) for point in points) + sum(box.overlap(label.box) for _, label in others)
    return 20 * outside + over


def _num_mistakable(found: Label, point: Point, points: Sequence[Point], others: Sequence[tuple[Point, Label]]) -> int:
    """Return how many points a label could be taken for besides its own, or its line meets, and how many labels."""
    if not found.is_far:
        near = _NEARER * found.box.distance(point)
        count = sum(found.box.distance(other) < near for other in points)
    else:
        count = sum(
            _distance(other, point, found.line_end) < min(_POINT_PX, 0.95 * math.dist(other, point))
            or found.box.distance(other) < _POINT_PX + LINE_PX / 2
            for other in points
        )
        count += sum(_meets(label.box, point, found.line_end) for _, label in others)
    return count + sum(label.is_far and _meets(found.box, start, label.line_end) for start, label in others)


def _at(point: Point, width: float, distance: float, angle: float) -> Label:
    x = point[0] + distance * math.cos(angle)
    middle = point[1] + distance * math.sin(angle)
    side = math.cos(angle)
    anchor, left = ("start", x) if side > 0.1 else ("end", x - width) if side < -0.1 else ("middle", x - width / 2)
    box = Box(left - _MARGIN_PX, middle - LINE_PX / 2, left + width + _MARGIN_PX, middle + LINE_PX / 2)
    return Label(x, middle + 4, anchor, box.distance(point) > _ADJACENT_PX, box.nearest(point), box)


def _around(point: Point) -> Box:
    return Box(point[0] - _POINT_PX, point[1] - _POINT_PX, point[0] + _POINT_PX, point[1] + _POINT_PX)


def _distance(point: Point, start: Point, end: Point) -> float:
    """Return how far a point is from a line between two others."""
    (x, y), (dx, dy) = (point[0] - start[0], point[1] - start[1]), (end[0] - start[0], end[1] - start[1])
    length = dx * dx + dy * dy
    share = min(1.0, max(0.0, (x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x - share * dx, y - share * dy)


def _meets(box: Box, start: Point, end: Point) -> bool:
    """Return whether a line enters a box."""
    corners = [(box.left, box.top), (box.right, box.bottom), (box.left, box.bottom), (box.right, box.top)]
    through = _cross(start, end, corners[0], corners[1]) or _cross(start, end, corners[2], corners[3])
    return through or min(box.distance(start), box.distance(end)) == 0


def _cross(start: Point, end: Point, other_start: Point, other_end: Point) -> bool:
    """Return whether two lines cross."""

    def side(one: Point, two: Point, point: Point) -> float:
        return (two[0] - one[0]) * (point[1] - one[1]) - (two[1] - one[1]) * (point[0] - one[0])

    return (
        side(start, end, other_start) * side(start, end, other_end) < 0
        and side(other_start, other_end, start) * side(other_start, other_end, end) < 0
    )
