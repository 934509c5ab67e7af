"""Marks that tell series apart by shape first and by colour as well, so that grey paper will do."""

from __future__ import annotations

from i3d_edge.accuracy.report.html.markup import Html, tag

NUM_SHAPES = 7


def mark(series: int, x: float, y: float, size: float = 6.5, *, is_hollow: bool = False) -> Html:
    """Return the mark of a series: circle, square, triangle, diamond, triangle upside down, star, hexagon.

    Args:
        series: From 0; the eighth looks like the first.
        x: Of its centre, in pixels.
        y: Of its centre.
        size: About half its width.
        is_hollow: Whether only its outline is drawn.
    """
    kind = series % NUM_SHAPES
    class_ = f"mark s{kind}" + (" hollow" if is_hollow else "")
    if kind == 0:
        return tag("circle", cx=x, cy=y, r=size, class_=class_)
    return tag("polygon", points=_points(kind, x, y, size), class_=class_)


_CORNERS: tuple[tuple[tuple[float, float], ...], ...] = (
    (),
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    ((0, 1.15), (1.1, -0.85), (-1.1, -0.85)),
    ((0, -1.3), (0.35, -0.4), (1.3, 0), (0.35, 0.4), (0, 1.3), (-0.35, 0.4), (-1.3, 0), (-0.35, -0.4)),
    ((0, -1.1), (1, -0.55), (1, 0.55), (0, 1.1), (-1, 0.55), (-1, -0.55)),
)


def _points(kind: int, x: float, y: float, size: float) -> str:
    return " ".join(f"{x + size * right:.1f},{y + size * down:.1f}" for right, down in _CORNERS[kind])
