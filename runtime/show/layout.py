"""The layout of an annotated frame, in pixels: the picture, and below it a panel with the text, which hides nothing.

If the short side of a picture is less than `SMALL_PX`, it is enlarged by a whole number.
"""

from dataclasses import dataclass

SMALL_PX = 320
_MAX_ENLARGED_PX = 1920
_MIN_WIDTH_PX, _MIN_FONT_PX = 480, 16
_MAX_ROWS = 5


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """One past the last column."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """One past the last row."""
        return self.top + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and columns of an array that it covers."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of an annotated frame."""

    width: int  # of the frame; even, as 4:2:0 video requires
    height: int  # of the frame; even
    picture: Rectangle  # the source's picture, enlarged or not
    panel: Rectangle  # the full-width rows that are drawn on, below the picture
    font_px: int
    rows: tuple[Rectangle, ...]  # one per class, best first. These and the rest are in the panel's coordinates
    strip: Rectangle  # the timeline
    progress: Rectangle  # the bar under the timeline
    clock: Rectangle  # the current time


def enlargement(width: int, height: int) -> int:
    """Return the scale of a picture: the smallest whole number that makes its short side `SMALL_PX`, within limits."""
    wanted = -(-SMALL_PX // min(width, height))
    return max(1, min(wanted, _MAX_ENLARGED_PX // max(width, height)))


def font_size(width: int, height: int) -> int:
    """Return the text size for a picture."""
    return max(_MIN_FONT_PX, round(min(width, height) / 32))


def plan(width: int, height: int, num_rows: int) -> Layout:
    """Lay out the frames of a video, by its upright size and the number of classes, of which at most 5 are drawn."""
    scale = enlargement(width, height)
    shown_width, shown_height = scale * width, scale * height
    full_width = _even(max(shown_width, _MIN_WIDTH_PX))
    em = font_size(shown_width, shown_height)
    margin, gap, pitch, pad = em, em // 4, round(1.5 * em), em // 2

    num_rows = min(num_rows, _MAX_ROWS)
    rows = tuple(
        Rectangle(margin, pad + row * (pitch + gap), full_width - 2 * margin, pitch) for row in range(num_rows)
    )
    top = rows[-1].bottom + 2 * pad
    clock_width = round(6.4 * em)
    clock = Rectangle(full_width - margin - clock_width, top, clock_width, pitch)
    strip = Rectangle(margin, top, clock.left - pad - margin, pitch)
    progress = Rectangle(strip.left, strip.bottom + gap, strip.width, max(3, em // 5))

    panel_height = top - pad + round(3 * em)
    full_height = _even(shown_height + panel_height)
    panel = Rectangle(0, full_height - panel_height, full_width, panel_height)
    picture = Rectangle((full_width - shown_width) // 2, 0, shown_width, shown_height)
    return Layout(full_width, full_height, picture, panel, em, rows, strip, progress, clock)


def _even(length: int) -> int:
    return length + length % 2
