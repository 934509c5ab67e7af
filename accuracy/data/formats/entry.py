"""What every format is read from, and what it is read into."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import ListError
from i3d_edge.core.reading import read_text
from i3d_edge.runtime import VIDEO_SUFFIXES


@dataclass(frozen=True, slots=True)
class ListSource:
    """A data set to be read."""

    path: Path  # a list, or a folder
    root: Path  # where relative paths start
    classes: Mapping[int, str] | None = None  # name of each class index of the list, or None if indices are the model's
    split: str | None = None  # which part, for formats that have several, or None for the usual one

    def text(self) -> str:
        """Return the list's text; raises ListError if it is no text file."""
        try:
            return read_text(self.path)
        except OSError as error:
            raise ListError(f"list {str(self.path)!r} is not a readable text file: {error.strerror}") from error

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that are not blank, with their numbers from 1."""
        for number, line in enumerate(self.text().splitlines(), start=1):
            if line.strip():
                yield number, line.strip()

    def error(self, where: str, text: str, *, hint: str | None = None) -> ListError:
        """Return an error about one place, for instance "line 3"."""
        return ListError(f"list {str(self.path)!r}, {where}, {text}", hint=hint)


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One video of a data set, as its format states it."""

    where: str  # for messages: "line 3", or a folder's name
    path: str  # the video's name, relative to the root unless absolute
    label: str | None = None  # its class by name, or None
    index: int | None = None  # its class by the list's index, or None
    num_frames: int | None = None  # how many frames it is said to have, or None
    source: str | None = None  # the recording that it was cut from, or None


def video_files(folder: Path) -> dict[str, str]:
    """Return the videos below a folder: stem -> path relative to it; of several with one stem the first by name.

    Links to folders are followed, and no folder is searched twice.
    """
    found: dict[str, str] = {}
    searched = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in searched:
            folders.clear()
            continue
        searched.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if is_video(name):
                found.setdefault(os.path.splitext(name)[0], os.path.relpath(os.path.join(parent, name), folder))
    return found


def is_video(name: str) -> bool:
    """Whether a file is named like a video; hidden ones, such as macOS's `._a.mp4`, are none."""
    base = os.path.basename(name)
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in VIDEO_SUFFIXES
