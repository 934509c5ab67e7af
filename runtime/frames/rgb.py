"""Decoded frames as upright RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.frames.preprocess import orient

_DISPLAY_MATRIX = "DISPLAYMATRIX"


class RgbConverter:
    """Converts one stream's frames, one after the other. Not thread-safe.

    It keeps the tables of the conversion, and the display matrix as long as size and rotation stay: PyAV ties a frame
    whose side data was looked at into a cycle of references, and its pixels then stay in memory until the garbage
    collector comes by, hundreds of frames later.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._seen: tuple[int, int, int] | None = None
        self._matrix: npt.NDArray[np.int32] | None = None

    def __call__(self, frame: VideoFrame) -> UInt8Array:
        """Return a frame's pixels, upright, shape (H, W, 3), uint8, RGB 0..255."""
        pixels = np.asarray(self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray(), dtype=np.uint8)
        seen = (frame.width, frame.height, frame.rotation)
        if seen != self._seen:
            self._seen, self._matrix = seen, _display_matrix(frame)
        return pixels if self._matrix is None else orient(pixels, self._matrix)


def _display_matrix(frame: VideoFrame) -> npt.NDArray[np.int32] | None:
    side_data: Any = frame.side_data
    if _DISPLAY_MATRIX not in side_data:
        return None
    return np.frombuffer(bytes(side_data[_DISPLAY_MATRIX]), dtype=np.int32)
