"""Series of images: those of a folder whose names differ in their number alone, and which of them is the video."""

import glob
import os
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from i3d_edge.core.errors import VideoOpenError
from i3d_edge.core.files import visible_entries

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_FRAME_NAMES = {"", "frame", "frames", "im", "image", "images", "img", "rgb"}
_MAX_LISTED = 5
_Name = tuple[str, str, str]  # of an image: what precedes its number, the digits, the suffix


@dataclass(frozen=True, slots=True)
class ImageSeries:
    """Images of one prefix; where a number occurs twice, also of one suffix, and if need be with as many digits."""

    pattern: str  # that chooses them, for instance "img_*.jpg"
    prefix: str  # the text before their numbers
    files: Sequence[Path]  # in the order of the numbers

    def __str__(self) -> str:
        """Return the pattern and how many images there are."""
        return f"{self.pattern} ({len(self.files)})"


def numbered_images(folder: Path) -> list[Path]:
    """Return the images of a folder whose names end in a number, of all its series, in the order of those numbers."""
    return [folder / "".join(name) for name in sorted(_numbered_names(folder), key=_place)]


def choose_series(
    folder: Path, *, pattern: str | None = None, num_frames: int | None = None
) -> tuple[Sequence[Path], list[str]]:
    """Choose the series that is the video: by its pattern; or the only one of several images, named like frames.

    Where several are left, one of as many images as stated is chosen. Return the images, none if there are none, in the
    order of their numbers, and warnings that name other series.

    Raises:
        VideoOpenError: If several series are left.
        OSError: If the folder cannot be read.
    """
    names = sorted(_numbered_names(folder), key=_place)
    found = list(_series(folder, [name for name in names if fnmatchcase("".join(name), pattern or "*")]))
    left = [series for series in found if series.pattern == pattern] or found
    for is_likely in (
        lambda series: len(series.files) > 1,
        lambda series: series.prefix.rstrip("_-. ").lower() in _FRAME_NAMES,
        lambda series: len(series.files) == num_frames,
    ):
        left = list(filter(is_likely, left)) or left
    if len(left) > 1:
        raise VideoOpenError(
            f"frame folder {str(folder)!r} holds {len(found)} series of images: {_listed(found)}",
            hint=f"choose one by its pattern, for instance {str(folder / left[0].pattern)!r}",
        )
    others = [series for series in found if series not in left]
    note = (
        f"the folder holds {len(found)} series of images: {left[0]} is taken, not {_listed(others)}" if others else ""
    )
    return left[0].files if left else [], [note] if note else []


def _numbered_names(folder: Path) -> Iterator[_Name]:
    for entry in visible_entries(folder):
        stem, suffix = os.path.splitext(entry.name)
        prefix = stem.rstrip(string.digits)
        # A link to nothing is an image that is missing, not one less.
        is_file = entry.is_file() or (entry.is_symlink() and not os.path.exists(entry))
        if prefix != stem and suffix.lower() in IMAGE_SUFFIXES and is_file:
            yield prefix, stem[len(prefix) :], suffix


def _place(name: _Name) -> tuple[int, _Name]:
    return int(name[1]), name


def _series(folder: Path, names: Sequence[_Name], depth: int = 1) -> Iterator[ImageSeries]:
    """Group names by prefix; where a number occurs twice, by suffix; where it still does, by the number of digits."""
    groups: dict[tuple[str | int, ...], list[_Name]] = {}
    for prefix, digits, suffix in names:
        groups.setdefault((prefix, suffix, len(digits))[:depth], []).append((prefix, digits, suffix))
    for group in groups.values():
        if len({int(digits) for _, digits, _ in group}) < len(group):
            yield from _series(folder, group, depth + 1)
            continue
        prefix, digits, _ = group[0]
        suffixes = {suffix for _, _, suffix in group}
        ending = suffixes.pop() if len(suffixes) == 1 else ""
        pattern = f"{glob.escape(prefix)}{'?' * len(digits) if depth > 2 else '*'}{ending}"
        yield ImageSeries(pattern, prefix, [folder / "".join(name) for name in group])


def _listed(series: Sequence[ImageSeries]) -> str:
    more = f" and {len(series) - _MAX_LISTED} more" if len(series) > _MAX_LISTED else ""
    return ", ".join(map(str, series[:_MAX_LISTED])) + more
