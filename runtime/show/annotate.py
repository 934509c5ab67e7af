"""Writes a copy of a video with its classification drawn on it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from os import PathLike
from pathlib import Path

from i3d_edge.core.files import staged
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.progress import track
from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.sources import Source, as_source, read_whole
from i3d_edge.runtime.prediction import Classification
from i3d_edge.runtime.show import layout
from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.film import Film, check_suffix
from i3d_edge.runtime.show.overlay import Overlay


@dataclass(frozen=True, slots=True)
class Annotated:
    """The video that was written: its size in pixels, and problems found while decoding the source."""

    width: int
    height: int
    warnings: tuple[str, ...]


def annotate_video(
    video: str | PathLike[str] | Source,
    classification: Classification,
    labels: LabelSet,
    output: str | PathLike[str],
    *,
    k: int = 5,
    seen: Explanation | None = None,
    frames_fps: Fraction | None = None,
    force: bool = False,
) -> Annotated:
    """Write a copy of a video with the current classes and a timeline drawn on it.

    The classes at time t come from the mean over the views that cover t; see `Course`. Frames keep their timestamps
    and are upright; small ones are enlarged. The copy has no sound.

    Args:
        video: The classified video, which is decoded again: a source, a file, or a folder of images.
        classification: Its classification.
        labels: The model's labels.
        output: A path that ends in .mp4 or .mkv.
        k: Number of classes to draw, at most 5.
        seen: Where one class was seen, to be drawn too.
        frames_fps: Frame rate of a folder of images.
        force: Replace an existing output.

    Raises:
        OutputError: If the output exists, has another suffix, or cannot be written.
        VideoError: If the video cannot be decoded.
        DependencyError: If FFmpeg has no encoder for H.264.
    """
    path = Path(output)
    check_suffix(path)
    source = as_source(video, frames_fps=frames_fps)
    with staged(path, force=force) as temporary:
        return read_whole(source, lambda footage: _write(footage, classification, labels, temporary, k, seen))


def _write(
    footage: FrameSource,
    classification: Classification,
    labels: LabelSet,
    output: Path,
    k: int,
    seen: Explanation | None,
) -> Annotated:
    timeline = footage.timeline
    frames = iter(footage.frames(range(timeline.num_frames)))
    first = next(frames)
    height, width = first[1].shape[:2]
    place = layout.plan(width, height, k)
    ranking = [item.index for item in classification.predictions]
    overlay = Overlay(place, Course.of(classification), labels, ranking, seen)
    with Film(output, timeline, width=place.width, height=place.height) as film:
        pictures = track(chain([first], frames), total=timeline.num_frames, title="annotating", unit="frame")
        for index, picture in pictures:
            time_s = float((timeline.ticks[index] - timeline.ticks[0]) * timeline.time_base)
            film.write(index, overlay.draw(picture, time_s))
    return Annotated(place.width, place.height, tuple(footage.warnings))
