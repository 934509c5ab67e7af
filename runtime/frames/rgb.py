"""Decoded frames as upright RGB in square pixels."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.frames.preprocess import orient

_DISPLAY_MATRIX = "DISPLAYMATRIX"
_UNSEEN = 0.02


class RgbConverter:
    """Converts one stream's frames, one after the other. Not thread-safe.

    The display matrix is kept as long as size and rotation stay: PyAV ties a frame whose side data was looked at into a
    cycle of references, and its pixels then stay in memory until the garbage collector comes by.
    """

    def __init__(self, pixel_aspect: Fraction = Fraction(1), squeezed_px: tuple[int, int] | None = None) -> None:
        """Prepare for frames with pixels of this width over height; or to make all frames this high and wide.

        FFmpeg scales before it converts, which gives pixels 1.3 grey levels from those of a resize of its RGB.
        """
        self._pixel_aspect = pixel_aspect
        self._squeezed_px = squeezed_px
        self._reformatter = VideoReformatter()
        self._seen: tuple[int, int, int] | None = None
        self._matrix: npt.NDArray[np.int32] | None = None

    def twin(self) -> RgbConverter:
        """Return another that converts alike, for another thread."""
        return RgbConverter(self._pixel_aspect)

    def __call__(self, frame: VideoFrame) -> UInt8Array:
        """Return a frame, upright and in square pixels, shape (H, W, 3), uint8, RGB 0..255."""
        if self._squeezed_px is None:
            width, height = displayed_size(frame.width, frame.height, self._pixel_aspect)
        else:
            width, height = self._squeezed_px if frame.rotation % 180 else self._squeezed_px[::-1]
        converted = self._reformatter.reformat(frame, width, height, format="rgb24", threads=1)
        pixels = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        seen = (frame.width, frame.height, frame.rotation)
        if seen != self._seen:
            self._seen, self._matrix = seen, _display_matrix(frame)
        return pixels if self._matrix is None else orient(pixels, self._matrix)


def displayed_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the size of a picture in square pixels; the side that is too short grows.

    Example:
        340 x 256 of pixels 4:3 -> 453 x 256; 720 x 576 of pixels 8:9 -> 720 x 648; 340 x 256 of 255:254 -> 340 x 256.
    """
    if abs(aspect - 1) < _UNSEEN:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _display_matrix(frame: VideoFrame) -> npt.NDArray[np.int32] | None:
    try:
        side_data: Any = frame.side_data
    except ValueError:  # PyAV does not know the EXIF beside it, or what will come: the angle is left, not a mirroring
        angle = math.radians(frame.rotation)
        return np.rint([np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle)]).astype(np.int32)
    if _DISPLAY_MATRIX not in side_data:
        return None
    return np.frombuffer(bytes(side_data[_DISPLAY_MATRIX]), dtype=np.int32)
