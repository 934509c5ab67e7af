"""Reads a classified video again, to show it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TypeVar

import av

from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.sources import Source, open_source
from i3d_edge.runtime.frames.video import ShortcutError, Video

Returned = TypeVar("Returned")

SQUARE = Fraction(1)
_UNSEEN = 0.02


def as_source(video: str | PathLike[str] | Source, frames_fps: Fraction | None = None) -> Source:
    """Return the source of a video file, or of a folder of images at a frame rate."""
    if isinstance(video, Source):
        return video
    path = Path(video)
    return Source(str(path), partial(open_source, path, frames_fps=frames_fps))


def read_whole(source: Source, use: Callable[[FrameSource], Returned]) -> Returned:
    """Open a source and use it. If its timestamps are wrong, do so again without relying on them.

    Raises:
        VideoError: If the video cannot be opened or decoded.
    """
    try:
        return use(source.open())
    except ShortcutError:
        return use(source.open(thorough=True))


def file_of(footage: FrameSource) -> Path | None:
    """Return the path of a video file; None for images and arrays."""
    return footage.path if isinstance(footage, Video) else None


def pixel_aspect(path: Path | None) -> Fraction:
    """Return the aspect ratio of a video's pixels, width over height when upright; 1 if the file states none."""
    if path is None:
        return SQUARE
    with av.open(f"file:{path}", metadata_errors="replace") as container:
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
