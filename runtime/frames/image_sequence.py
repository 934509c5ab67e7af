"""A folder of numbered images as a source of frames, like a video file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import EmptyVideoError, VideoDecodeError, VideoOpenError
from i3d_edge.runtime.frames.container import short_reason
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.timeline import Timeline

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_COUNT_NAME = "n_frames"
_MAX_COUNT_DIGITS = 9


@dataclass
class ImageSequence(FrameSource):
    """The images of a folder, in the order of the numbers that end their names."""

    files: Sequence[Path] = ()

    @classmethod
    def open(cls, path: Path, rate_fps: Fraction | None, *, num_frames: int | None = None) -> Self:
        """List the images of a folder.

        Args:
            path: The folder. Its images are .jpg, .jpeg or .png; names end in a number, as in `image_00001.jpg` or
                `img_00001.jpg`. A text file `n_frames`, as Open Model Zoo's tools write it, limits how many count.
            rate_fps: Images a second, which a folder cannot tell.
            num_frames: How many a list says there are; fewer than that is a warning, later ones do not count.

        Raises:
            VideoOpenError: If there is no such folder, it cannot be read, or no rate is given.
            EmptyVideoError: If it holds no numbered image.
        """
        if not os.path.isdir(path):
            raise VideoOpenError(f"no frame folder {str(path)!r}")
        if rate_fps is None:
            raise VideoOpenError(
                f"frame folder {str(path)!r} needs a frame rate",
                hint="--frames-fps 25, for instance, says how many images make a second",
            )
        try:
            files = numbered_images(path)
        except OSError as error:
            raise VideoOpenError(f"cannot read frame folder {str(path)!r}: {short_reason(error)}") from error
        if not files:
            raise EmptyVideoError(f"frame folder {str(path)!r} holds no numbered images")
        limit = num_frames if num_frames is not None else _stated_count(path)
        warnings = []
        if limit is not None and limit > len(files):
            warnings.append(f"{limit} frames are stated; the folder holds {len(files)}")
        files = files[:limit] if limit else files
        timeline = Timeline(tuple(range(len(files))), len(files), 1 / Fraction(rate_fps))
        return cls(path, timeline, warnings=warnings, has_damage=bool(warnings), files=files)

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Read some images; see `FrameSource.frames`.

        Raises:
            VideoDecodeError: Also if their sizes differ.
        """
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


def numbered_images(folder: Path) -> list[Path]:
    """Return the images of a folder whose names end in a number, in the order of those numbers."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            number = re.search(r"(\d+)$", stem)
            if number and suffix.lower() in IMAGE_SUFFIXES and _is_file(entry):
                found.append((int(number.group(1)), entry.name))
    return [folder / name for _, name in sorted(found)]


def read_image(path: Path) -> UInt8Array | None:
    """Return an image, shape (H, W, 3), uint8, RGB 0..255, or None if it cannot be decoded."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError:
        return None
    if not data.size:
        return None
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # a header that states more pixels than OpenCV takes
        return None
    return None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file, or a link to nothing: that is an image which is missing, not one less."""
    return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))


def _stated_count(folder: Path) -> int | None:
    try:
        text = (folder / _COUNT_NAME).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() and len(text) <= _MAX_COUNT_DIGITS else None
