"""Reads a classified video again, to show it."""

from __future__ import annotations

from fractions import Fraction
from os import PathLike
from pathlib import Path

import av

from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.sources import Source, video_source
from i3d_edge.runtime.frames.video import Video

SQUARE = Fraction(1)
_UNSEEN = 0.02


def as_source(video: str | PathLike[str] | Source, frames_fps: Fraction | None = None) -> Source:
    """Return the source of a video file, or of a folder of images at a frame rate."""
    return video if isinstance(video, Source) else video_source(Path(video), frames_fps=frames_fps)


def pixel_aspect(footage: FrameSource) -> Fraction:
    """Return the aspect ratio of pixels, width over height when upright; 1 if the file states none."""
    if not isinstance(footage, Video):  # images and arrays
        return SQUARE
    with av.open(f"file:{footage.path}", metadata_errors="replace") as container:
        stream = container.streams.video[0]
        aspect = stream.sample_aspect_ratio or SQUARE
        frame = next(container.decode(stream), None)
    return 1 / aspect if frame is not None and abs(frame.rotation) % 180 == 90 else aspect


def displayed_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the size of a picture in square pixels; the shorter side grows.

    Args:
        width: Of the upright picture, in pixels.
        height: Of the upright picture, in pixels.
        aspect: Width of its pixels over their height; invisible differences from 1 are ignored.

    Example:
        340 x 256 of pixels 4:3 -> 453 x 256; 720 x 576 of pixels 8:9 -> 720 x 648; 340 x 256 of 255:254 -> 340 x 256.
    """
    if abs(aspect - 1) < _UNSEEN:
        return width, height
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)
