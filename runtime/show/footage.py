"""A video that is read once more, to be shown."""

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

Result = TypeVar("Result")

SQUARE = Fraction(1)
_UNSEEN = 0.02


def as_source(video: str | PathLike[str] | Source, frames_fps: Fraction | None = None) -> Source:
    """Return a path as a source: of a video file, or of a folder of images at a rate."""
    if isinstance(video, Source):
        return video
    path = Path(video)
    return Source(str(path), partial(open_source, path, frames_fps=frames_fps))


def read_whole(source: Source, use: Callable[[FrameSource], Result]) -> Result:
    """Open a source and use it; where its timestamps lead astray, do so again without trusting them.

    Raises:
        VideoError: One of its kinds, if it cannot be used.
    """
    try:
        return use(source.open())
    except ShortcutError:
        return use(source.open(thorough=True))


def file_of(footage: FrameSource) -> Path | None:
    """Return the video file behind frames; None for images and arrays."""
    return footage.path if isinstance(footage, Video) else None


def pixel_aspect(path: Path | None) -> Fraction:
    """Return the width of a video's pixels over their height, upright; 1 where nothing is stated."""
    if path is None:
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
