"""A folder of numbered images as a source of frames, like a video file."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import EmptyVideoError, VideoDecodeError, VideoOpenError
from i3d_edge.core.reading import read_bytes, read_text
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.image_series import choose_series
from i3d_edge.runtime.frames.timeline import Timeline

_COUNT_NAME = "n_frames"
_MAX_COUNT_DIGITS = 9
_MAX_COUNT_BYTES = 100


@dataclass
class ImageSequence(FrameSource):
    """The images of a folder, in the order of the numbers that end their names."""

    files: Sequence[Path] = ()

    @classmethod
    def open(cls, path: Path, rate_fps: Fraction | None, *, num_frames: int | None = None) -> Self:
        """List the images of a folder, or of a pattern as in `folder/img_*.jpg`, whose names end in a number.

        Of several series `choose_series` takes one. `num_frames` is how many a list, or a text file `n_frames` as Open
        Model Zoo's tools write it, says there are: fewer are a warning, later ones do not count.

        Raises:
            VideoOpenError: If it cannot be read, no rate is given, or its images are several series.
            EmptyVideoError: If it holds no numbered image.
        """
        folder, pattern = (path, None) if os.path.isdir(path) else (path.parent, path.name)
        if not os.path.isdir(folder) or (pattern and not glob.has_magic(pattern)):
            raise VideoOpenError(f"no frame folder {str(path)!r}")
        if rate_fps is None:
            raise VideoOpenError(
                f"frame folder {str(path)!r} needs a frame rate",
                hint="--frames-fps 25, for instance, says how many images make a second",
            )
        limit = num_frames if num_frames is not None else _stated_count(folder)
        try:
            files, warnings = choose_series(folder, pattern=pattern, num_frames=limit)
        except OSError as error:
            raise VideoOpenError(f"cannot read frame folder {str(path)!r}: {short_reason(error)}") from error
        if not files:
            raise EmptyVideoError(f"frame folder {str(path)!r} holds no numbered images")
        has_damage = limit is not None and limit > len(files)
        if has_damage:
            warnings.append(f"{limit} frames are stated; the folder holds {len(files)}")
        files = files[:limit] if limit else files
        timeline = Timeline(tuple(range(len(files))), len(files), 1 / Fraction(rate_fps))
        return cls(path, timeline, warnings=warnings, has_damage=has_damage, files=files)

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Read some images; see `FrameSource.frames`; raises VideoDecodeError also if their sizes differ."""
        hint = "the images are damaged: extract them again"
        yield from self._filled(self._readable(wanted), wanted, lambda picture: picture, kind="frame folder", hint=hint)

    def _readable(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        shape: tuple[int, ...] | None = None
        for index in wanted:
            if (picture := read_image(self.files[index])) is None:
                continue
            shape = shape or picture.shape
            if picture.shape != shape:
                raise VideoDecodeError(
                    f"the images of frame folder {str(self.path)!r} differ in size: {shape[1]} x {shape[0]}, and "
                    f"{picture.shape[1]} x {picture.shape[0]} in {self.files[index].name!r}"
                )
            yield index, picture


def read_image(path: Path) -> UInt8Array | None:
    """Return an image, shape (H, W, 3), uint8, RGB 0..255, or None if it cannot be decoded."""
    try:
        data = np.frombuffer(read_bytes(path), np.uint8)
    except OSError:
        return None
    if not data.size:
        return None
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # a header that states more pixels than OpenCV takes
        return None
    return None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _stated_count(folder: Path) -> int | None:
    try:
        text = read_text(folder / _COUNT_NAME, max_bytes=_MAX_COUNT_BYTES).strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() and len(text) <= _MAX_COUNT_DIGITS else None
