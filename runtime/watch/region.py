"""Regions: the part of a picture that the model is shown, with grey where it is to see nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.settings.cameras import Polygon, RegionConfig

GREY = 128
MIN_SIDE_PX = 16
_SHIFT = 8  # bits of a pixel's fraction


@dataclass(slots=True)
class Region:
    """A part of the pictures of one source, which may change their size; equal if it is the same part."""

    box: tuple[float, float, float, float]  # left, top, right, bottom; fractions of the picture, as are all corners
    shape: Polygon | None = None  # what lies outside is painted grey
    mask: Sequence[Polygon] = ()  # what lies inside one of these is painted grey
    _size_px: tuple[int, int] | None = field(default=None, init=False, compare=False)
    _slices: tuple[slice, slice] = field(default=(slice(None), slice(None)), init=False, compare=False)
    _seen: UInt8Array | None = field(default=None, init=False, compare=False)

    @classmethod
    def of(cls, config: RegionConfig | None, mask: Sequence[Polygon] = ()) -> Self:
        """Return the region of a configuration, or the whole picture, without its camera's masks."""
        if config is not None and config.polygon is not None:
            xs, ys = zip(*config.polygon, strict=True)
            return cls((min(xs), min(ys), max(xs), max(ys)), config.polygon, mask)
        return cls((config and config.rectangle) or (0, 0, 1, 1), None, mask)

    def __call__(self, rgb: UInt8Array) -> UInt8Array:
        """Return the region of a picture, (H, W, 3), which is not written to.

        Its shape is (h, w, 3), h and w at least 16 if the picture has so many; where nothing is painted grey, it is a
        view of the picture.
        """
        height, width = rgb.shape[:2]
        if (height, width) != self._size_px:
            self._fit(height, width)
        part = rgb[self._slices]
        if self._seen is None:
            return rgb if part.shape == rgb.shape else part
        painted: UInt8Array = np.full(part.shape, GREY, np.uint8)
        cv2.copyTo(part, self._seen, painted)
        return painted

    def _fit(self, height: int, width: int) -> None:
        """Work out the box and what is seen of it, in pixels."""
        left, top, right, bottom = self.box
        self._slices = (_span(top, bottom, height), _span(left, right, width))
        seen: UInt8Array = np.full((height, width), 255 if self.shape is None else 0, np.uint8)
        for polygon, value in [(self.shape, 255), *((polygon, 0) for polygon in self.mask)]:
            if polygon is not None:
                corners = (np.array(polygon) * (width, height) - 0.5) * (1 << _SHIFT)
                cv2.fillPoly(seen, [corners.round().astype(np.int32)], value, shift=_SHIFT)
        seen = seen[self._slices].copy()
        self._seen = None if seen.all() else seen
        self._size_px = (height, width)


def _span(first: float, last: float, size_px: int) -> slice:
    """Return the pixels between two fractions of a side; around their middle if there are too few."""
    start, stop = round(first * size_px), round(last * size_px)
    side = max(stop - start, min(MIN_SIDE_PX, size_px))
    start = min(max(0, start - (side - stop + start) // 2), size_px - side)
    return slice(start, start + side)
