"""Small pictures of a video, to embed in a page."""

from __future__ import annotations

import base64
from bisect import bisect_right
from dataclasses import dataclass

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.jpeg import jpeg
from i3d_edge.runtime.frames.sources import Source, read_whole
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.show.heat import heated

_QUALITY = 78
_SEEK_FROM_S = 10.0  # seek to each picture if they are further apart than this


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture: its time in the video, its size in pixels, and a data: URL that holds the JPEG."""

    time_s: float
    width: int
    height: int
    url: str


@dataclass(frozen=True, slots=True)
class FilmStrip:
    """Pictures along a video's timeline, and the size of its upright frames in pixels."""

    pictures: tuple[Thumbnail, ...]
    width: int
    height: int


def film_strip(source: Source, num_pictures: int, *, side_px: int = 320, seen: Explanation | None = None) -> FilmStrip:
    """Take pictures from the middle of equal parts of a video; a shorter one gives each of its frames once.

    With what was seen in it, which is drawn on them, they are of the part that the network was shown.
    """
    return read_whole(source, lambda footage: _take(footage, num_pictures, side_px, seen))


def picture_indices(timeline: Timeline, num_pictures: int, part_s: tuple[float, float] | None = None) -> list[int]:
    """Return the indices of the frames in the middle of equal parts of a video, or of a part of it, each once."""
    first, length = timeline.ticks[0], timeline.end_tick - timeline.ticks[0]
    if part_s is not None:
        start, end = (int(time_s / timeline.time_base) for time_s in part_s)
        first, length = first + start, end - start
    middles = (first + part * length // (2 * num_pictures) for part in range(1, 2 * num_pictures, 2))
    return sorted({bisect_right(timeline.ticks, middle) - 1 for middle in middles})


def _take(footage: FrameSource, num_pictures: int, side_px: int, seen: Explanation | None) -> FilmStrip:
    timeline = footage.timeline
    indices = picture_indices(timeline, num_pictures, seen.seen_s if seen else None)
    is_far_apart = timeline.duration_s / num_pictures > _SEEK_FROM_S
    is_sought = is_far_apart and not (isinstance(footage, Video) and footage.is_thorough)
    groups = [[index] for index in indices] if is_sought else [indices]
    pictures = []
    width = height = 0
    for group in groups:
        for index, frame in footage.frames(group):
            height, width = frame.shape[:2]
            time_s = float((timeline.ticks[index] - timeline.ticks[0]) * timeline.time_base)
            drawn = heated(frame, time_s, seen) if seen else frame
            pictures.append(_thumbnail(drawn, time_s, side_px))
    return FilmStrip(tuple(pictures), width, height)


def _thumbnail(frame: UInt8Array, time_s: float, side_px: int) -> Thumbnail:
    height, width = frame.shape[:2]
    scale = min(1.0, side_px / max(width, height))
    size = max(1, round(scale * width)), max(1, round(scale * height))
    small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Thumbnail(time_s, *size, f"data:image/jpeg;base64,{base64.b64encode(jpeg(small, _QUALITY)).decode()}")
