"""Where the labels of a chart go: beside their points, and not over one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LETTER_PX = 6.0
"""Mean width of a letter at 12 px; labels are placed by estimate, since nothing here can measure a font."""
LINE_PX = 14.0

_ANGLES = tuple(math.radians(degrees) for degrees in (0, 180, -45, 45, -135, 135, -90, 90, -20, 20, -160, 160))
_DISTANCES = (12, 24, 40, 60, 85, 115, 150)
_POINT_PX = 9.0


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


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label goes.

    Attributes:
        x: Of its end that is nearest to its point, in pixels; of its middle above and below.
        y: Of its base line.
        anchor: Which of its parts is at x, in the words of SVG.
        is_far: Whether a line should lead to it from its point.
        box: What it covers.
    """

    x: float
    y: float
    anchor: str
    is_far: bool
    box: Box


def text_width(label: str) -> float:
    """Return about how wide a label is, in pixels."""
    return LETTER_PX * len(label)


def place_labels(
    labels: Sequence[str], points: Sequence[tuple[float, float]], taken: Sequence[Box], inside: Box
) -> list[Label]:
    """Choose for each label, one after the other, the nearest place that covers least.

    Args:
        labels: One for each point.
        points: Where the points are.
        taken: What labels should not cover: whiskers, lines of text.
        inside: What they must not leave, if that can be had.
    """
    busy = [*taken, *(_around(x, y) for x, y in points)]
    order = sorted(range(len(points)), key=lambda number: points[number])
    placed: dict[int, Label] = {}
    for number in order:
        placed[number] = _best(labels[number], points[number], busy, inside)
        busy.append(placed[number].box)
    return [placed[number] for number in range(len(points))]


def _best(label: str, point: tuple[float, float], busy: Sequence[Box], inside: Box) -> Label:
    width = text_width(label)
    best, least = None, math.inf
    for distance in _DISTANCES:
        for angle in _ANGLES:
            candidate = _at(point, width, distance, angle)
            box = candidate.box
            outside = (box.right - box.left) * (box.bottom - box.top) - box.overlap(inside)
            cost = 0.2 * distance + 20 * outside + sum(box.overlap(other) for other in busy)
            if cost < least:
                best, least = candidate, cost
    assert best is not None
    return best


def _at(point: tuple[float, float], width: float, distance: float, angle: float) -> Label:
    x = point[0] + distance * math.cos(angle)
    middle = point[1] + distance * math.sin(angle)
    side = math.cos(angle)
    anchor, left = ("start", x) if side > 0.1 else ("end", x - width) if side < -0.1 else ("middle", x - width / 2)
    box = Box(left - 2, middle - LINE_PX / 2, left + width + 2, middle + LINE_PX / 2)
    return Label(x, middle + 4, anchor, distance > _DISTANCES[1], box)


def _around(x: float, y: float) -> Box:
    return Box(x - _POINT_PX, y - _POINT_PX, x + _POINT_PX, y + _POINT_PX)
