"""The proportions in which a picture is shown: pixels are not always square."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

SQUARE = Fraction(1)
_UNSEEN = 0.02


def pixel_aspect(path: Path) -> Fraction:
    """Return the width of a video's pixels over their height, upright; 1 where nothing is stated."""
    if path.is_dir():
        return SQUARE
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        stream = container.streams.video[0]
        aspect = stream.sample_aspect_ratio or SQUARE
        frame = next(container.decode(stream), None)
    return 1 / aspect if frame is not None and abs(frame.rotation) % 180 == 90 else aspect


def displayed_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the width and height in square pixels; the side that is too short grows.

    Args:
        width: Of the picture, upright.
        height: Of the picture, upright.
        aspect: Width of its pixels over their height; a difference from 1 that nobody sees is passed over.

    Example:
        340 x 256 of pixels 4:3 -> 453 x 256; 720 x 576 of pixels 8:9 -> 720 x 648; 340 x 256 of 255:254 -> 340 x 256.
    """
    if abs(aspect - 1) < _UNSEEN:
        return width, height
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)
