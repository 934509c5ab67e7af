"""Draws the most probable classes and a timeline on video frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.text import probability_text, shown
from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.prediction import Prediction, top_k
from i3d_edge.runtime.show import lettering
from i3d_edge.runtime.show.chart import clock_text
from i3d_edge.runtime.show.course import Course, Span
from i3d_edge.runtime.show.heat import heated
from i3d_edge.runtime.show.layout import Layout, Rectangle
from i3d_edge.runtime.show.palette import NUM_COLOURS, OTHER, Colour, colour_of, mix

WHITE: Colour = (255, 255, 255)
INK: Colour = (12, 12, 12)
GROUND: Colour = (22, 24, 28)
FAINT: Colour = (62, 66, 74)

_FILL = 0.5
_SURE_PROB = 0.5
_LEAST_PROB = 0.01  # only the best class is drawn below this probability
_FEWEST_LETTERS = 6  # of a label that is cut short; with fewer it is left out


@dataclass
class Overlay:
    """Draws on the frames of one video; `ranking` are its classes, best first, and `seen` is where one was seen."""

    layout: Layout
    course: Course
    labels: LabelSet
    ranking: Sequence[int]
    seen: Explanation | None = None
    _notable: list[int] = field(init=False)
    _strip: UInt8Array = field(init=False)

    def __post_init__(self) -> None:
        self._notable = self.course.notable_classes(self.ranking, NUM_COLOURS)
        canvas = np.zeros((self.layout.panel.height, self.layout.width, 3), np.uint8)
        self._draw_strip(canvas)
        self._strip = canvas[self.layout.strip.slices]

    def draw(self, picture: UInt8Array, time_s: float) -> UInt8Array:
        """Return the upright frame of a time annotated, shape (layout.height, layout.width, 3), uint8, RGB 0..255."""
        layout, box = self.layout, self.layout.picture
        frame = np.full((layout.height, layout.width, 3), GROUND, np.uint8)
        if picture.shape[:2] != (box.height, box.width):
            picture = cv2.resize(picture, (box.width, box.height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        frame[box.slices] = picture
        if self.seen:
            frame[box.slices] = heated(picture, time_s, self.seen)
            self._write_legend(frame[box.slices], self.seen.label)
        panel = frame[layout.panel.slices]
        self._draw_rows(panel, self.course.step_at(time_s))
        panel[layout.strip.slices] = self._strip
        self._draw_time(panel, time_s)
        return frame

    def _write_legend(self, picture: UInt8Array, label: str) -> None:
        em = self.layout.font_px
        text = lettering.shorten(f"orange: {shown(label)}; blue: against it", picture.shape[1] - em, em)
        box = Rectangle(0, picture.shape[0] - 2 * em, lettering.width(text, em) + em, 2 * em)
        _fill(picture, box, GROUND)
        lettering.write(picture, text, em // 2, box.top + em, em, WHITE)

    def _draw_rows(self, canvas: UInt8Array, step: int) -> None:
        rows = list(self.layout.rows)
        if not self.course.is_seen[step]:
            spans, em = self.course.seen_spans(), self.layout.font_px
            seen = [f"the network saw {start:.1f} to {end:.1f} s" for start, end in spans if len(spans) == 1]
            for box, text in zip(rows, ("no clip covers this moment", *seen), strict=False):
                fitting = lettering.shorten(text, box.width - em // 2, em)
                lettering.write(canvas, fitting, box.left + em // 4, box.top + box.height // 2, em, OTHER)
            return
        best = top_k(self.course.probabilities[step], self.labels, len(rows))
        for box, prediction in zip(rows, best, strict=False):
            if prediction is best[0] or prediction.prob >= _LEAST_PROB:
                self._draw_row(canvas, box, prediction)

    def _draw_row(self, canvas: UInt8Array, box: Rectangle, prediction: Prediction) -> None:
        em = self.layout.font_px
        colour = colour_of(prediction.index, self._notable)
        length = round(prediction.prob * box.width)
        _fill(canvas, Rectangle(box.left, box.top, length, box.height), mix(colour, INK, _FILL))
        _fill(canvas, Rectangle(box.left, box.top, max(2, em // 4), box.height), colour)
        percent = probability_text(prediction.prob)
        percent_px = lettering.width(percent, em, lettering.BOLD)
        text_left, middle = box.left + round(0.7 * em), box.top + box.height // 2
        room = box.right - em // 2 - percent_px - em - text_left
        label = lettering.shorten(shown(prediction.label), room, em)
        lettering.write(canvas, label, text_left, middle, em, WHITE)
        lettering.write(canvas, percent, box.right - em // 2 - percent_px, middle, em, WHITE, lettering.BOLD)

    def _draw_strip(self, canvas: UInt8Array) -> None:
        _fill(canvas, self.layout.strip, FAINT)
        for span in self.course.spans():
            self._draw_span(canvas, span)

    def _draw_span(self, canvas: UInt8Array, span: Span) -> None:
        strip, size = self.layout.strip, round(0.85 * self.layout.font_px)
        left, right = self._column(span.start_s), self._column(span.end_s)
        box = Rectangle(left, strip.top, max(1, right - left - 1), strip.height)
        is_sure = span.prob >= _SURE_PROB
        colour = colour_of(span.index, self._notable)
        _fill(canvas, box, colour if is_sure else mix(colour, INK, _FILL))
        label = shown(self.labels.names[span.index])
        text = lettering.shorten(label, box.width - size, size)
        if text != label and len(text) <= _FEWEST_LETTERS:
            return
        lettering.write(canvas, text, left + size // 2, strip.top + strip.height // 2, size, INK if is_sure else WHITE)

    def _draw_time(self, panel: UInt8Array, time_s: float) -> None:
        layout, em = self.layout, self.layout.font_px
        strip, progress, clock = layout.strip, layout.progress, layout.clock
        column = self._column(time_s)
        _fill(panel, progress, FAINT)
        _fill(panel, Rectangle(progress.left, progress.top, column - progress.left, progress.height), WHITE)
        thick = max(3, em // 4)
        left = min(max(column - thick // 2, strip.left), strip.right - thick)
        _fill(panel, Rectangle(left, strip.bottom + 1, thick, progress.bottom - strip.bottom + em // 8), WHITE)
        text = clock_text(time_s, self.course.duration_s)
        text_px = lettering.width(text, em)
        lettering.write(panel, text, clock.right - text_px, clock.top + clock.height // 2, em, WHITE)

    def _column(self, time_s: float) -> int:
        strip = self.layout.strip
        return strip.left + round(strip.width * min(1.0, time_s / self.course.duration_s))


def _fill(canvas: UInt8Array, box: Rectangle, colour: Colour) -> None:
    canvas[box.slices] = colour
