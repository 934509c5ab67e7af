"""Text on pictures, in the fonts of OpenCV 5: Rubik, with WenQuanYi Micro Hei as its fallback."""

from bisect import bisect_right
from functools import cache

import cv2

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.show.palette import Colour

REGULAR, BOLD = 420, 620
ELLIPSIS = "…"


def width(text: str, size_px: int, weight: int = REGULAR) -> int:
    """Return the width of a line of text, in pixels."""
    left, _, extent, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size_px, weight)
    return int(left + extent)


def shorten(text: str, max_px: int, size_px: int, weight: int = REGULAR) -> str:
    """Cut a text to a width, with an ellipsis; return "" if nothing fits."""
    if width(text, size_px, weight) <= max_px:
        return text
    lengths = range(1, len(text))
    fits = bisect_right(lengths, max_px, key=lambda length: width(_cut(text, length), size_px, weight))
    return _cut(text, fits) if fits else ""


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + ELLIPSIS


def write(
    canvas: UInt8Array, text: str, left: int, middle: int, size_px: int, colour: Colour, weight: int = REGULAR
) -> None:
    """Draw one line of text, of a weight from 100 (thin) to 1000 (black), on shape (H, W, 3), uint8, RGB 0..255.

    `left` is its edge, and `middle` that of its capitals, in pixels.
    """
    base_line = middle + round(0.36 * size_px)
    cv2.putText(canvas, text, (left, base_line), colour, _font(), size_px, weight)


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")
