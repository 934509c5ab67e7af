"""Sources: what a user's arguments stand for, each a video file, a folder of images or a clip in an array."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from i3d_edge.core.arrays import Array
from i3d_edge.core.errors import EmptyVideoError, VideoError, VideoOpenError
from i3d_edge.core.files import StrPath, visible_names, writing
from i3d_edge.core.masking import masked
from i3d_edge.core.reading import read_text
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import short_reason, some
from i3d_edge.runtime.frames.clip_array import ClipArray
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.image_sequence import ImageSequence
from i3d_edge.runtime.frames.image_series import IMAGE_SUFFIXES, numbered_images
from i3d_edge.runtime.frames.remote import address_of, located, public_name
from i3d_edge.runtime.frames.video import ShortcutError, Video, one_of_many

STANDARD_INPUT = "-"
CLIP_SUFFIX = ".npy"
LIST_SUFFIX = ".txt"
VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3g2", "3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "gif", "h264", "h265", "hevc", "ivf", "m2ts", "m2v"),
        *("m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "nut", "obu", "ogg", "ogm", "ogv"),
        *("rm", "rmvb", "ts", "vob", "webm", "wmv", "y4m"),
    )
)
"""Files that a folder of videos is searched for, in small letters. A file that is named is opened whatever its name."""

_CHUNK_BYTES = 1 << 20

Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class Source:
    """Something with frames, not opened yet.

    Attributes:
        name: As the user would call it.
        opener: Opens it; takes `thorough`.
    """

    name: str
    opener: Callable[..., FrameSource]

    def open(self, *, thorough: bool = False) -> FrameSource:
        """Open it; for `thorough` see `Video.open`.

        Raises:
            VideoError: If it cannot be used.
            ClipShapeError: If it is an array that holds no clip.
        """
        with one_of_many(self.name):
            return self.opener(thorough=thorough)

    def opened(self) -> Source:
        """Open it, which may mean to decode it, and return a source that gives what was opened to the first who asks.

        Raises:
            VideoError, ClipShapeError: As `open` does.
        """
        held = [self.open()]

        def open_again(*, thorough: bool) -> FrameSource:
            return self.open(thorough=thorough) if thorough or not held else held.pop()

        return Source(self.name, open_again)


def open_source(
    path: Path, *, frames_fps: Fraction | None = None, num_frames: int | None = None, thorough: bool = False
) -> FrameSource:
    """Open a video file, or the images of a folder.

    Args:
        path: Of a file or folder; or a pattern of images in a folder, as in `folder/img_*.jpg`.
        frames_fps: The rate of a folder's images, or of a raw stream.
        num_frames: How many images a list says there are, or None.
        thorough: As for `Video.open`.

    Raises:
        VideoError: If it cannot be used.
    """
    if os.path.isdir(path) or _is_image_pattern(path):  # unlike Path.is_dir, isdir takes a name that is too long
        return ImageSequence.open(path, frames_fps, num_frames=num_frames)
    return Video.open(path, frames_fps=frames_fps, thorough=thorough)


def video_source(path: Path, *, frames_fps: Fraction | None = None) -> Source:
    """Return a video file or a folder of images as a source; for `frames_fps` see `open_source`."""
    return Source(str(path), partial(open_source, path, frames_fps=frames_fps))


def as_source(video: StrPath | Source, *, frames_fps: Fraction | None = None) -> Source:
    """Return a source as it is, and that of a path as `video_source` does."""
    return video if isinstance(video, Source) else video_source(Path(video), frames_fps=frames_fps)


def read_whole(source: Source, use: Callable[[FrameSource], Returned]) -> Returned:
    """Open a source and use it. If its timestamps are wrong, do so again without relying on them.

    Raises:
        VideoError: If it cannot be opened or decoded.
    """
    try:
        return use(source.open())
    except ShortcutError:
        return use(source.open(thorough=True))


def source_of_path(path: Path, spec: ModelSpec, *, frames_fps: Fraction | None = None) -> Source:
    """Return a video file, a folder of images or an .npy clip, which must fit the model, as a source."""
    if path.suffix.lower() == CLIP_SUFFIX:
        return Source(str(path), lambda *, thorough: ClipArray.open(path, spec))
    return video_source(path, frames_fps=frames_fps)


def source_of_frames(frames: Array, spec: ModelSpec) -> Source:
    """Return frames in an array as a source; see `ClipArray.of`."""
    return Source("frames", lambda *, thorough: ClipArray.of(frames, spec))


@contextmanager
def find_sources(
    arguments: Iterable[str],
    spec: ModelSpec,
    *,
    frames_fps: Fraction | None = None,
    standard_input: BinaryIO | None = None,
    max_input_bytes: int | None = None,
) -> Iterator[list[Source]]:
    """Find what arguments stand for. What cannot be used becomes a source that says so when it is opened.

    Args:
        arguments: Each the name of a file; an address, see `local_copy`; a .txt with one of these in each line, where
            relative paths start at its folder; a pattern (`*`, `?`, `[...]`, `**` for folders at any depth) that no
            file is named after, where images of one folder, as `folder/img_*.jpg`, are one video; a folder of numbered
            images; a folder of videos at any depth, taken in the order of their names (and of folders of images, if
            `frames_fps` is given); an .npy clip; or "-" for standard input.
        spec: The model's.
        frames_fps: The rate of folders of images, and of raw streams.
        standard_input: What "-" reads, to its end, into a temporary file that is removed with the context.
        max_input_bytes: How much of it at most; None is no limit.

    Yields:
        The sources, in order.
    """
    with ExitStack() as stack:
        found: list[Source] = []
        for argument in arguments:
            if argument == STANDARD_INPUT:
                found.append(_spooled(standard_input, max_input_bytes, frames_fps, stack))
            else:
                found += _sources_of(argument, spec, frames_fps)
        yield found


def _sources_of(argument: str, spec: ModelSpec, frames_fps: Fraction | None) -> list[Source]:
    path = Path(argument)
    if not (address_of(path) or os.path.lexists(path)):
        if "://" in argument:
            error = VideoOpenError(f"{argument!r} is no address of a file", hint="`i3d stream` watches live sources")
            return [_unusable(masked(argument), error)]
        if glob.has_magic(argument):
            paths = [Path(name) for name in sorted(glob.glob(argument, recursive=True))]
            if not paths:
                return [_unusable(argument, VideoOpenError(f"no file matches pattern {argument!r}"))]
            if _is_image_pattern(path):
                return [video_source(path, frames_fps=frames_fps)]
            return [source for match in paths for source in _sources_of_path(match, spec, frames_fps)]
    elif path.suffix.lower() == LIST_SUFFIX and os.path.isfile(path):
        try:
            lines = [line.strip() for line in read_text(path).splitlines()]
        except OSError as failed:
            return [_unusable(argument, VideoOpenError(f"cannot read list {argument!r}: {short_reason(failed)}"))]
        paths = [located(path.parent, line) for line in lines if line]
        return [source for named in paths for source in _sources_of_path(named, spec, frames_fps)]
    return _sources_of_path(path, spec, frames_fps)


def _sources_of_path(path: Path, spec: ModelSpec, frames_fps: Fraction | None) -> list[Source]:
    if address_of(path):
        return [Source(public_name(path), partial(open_source, path, frames_fps=frames_fps))]
    if not os.path.isdir(path) or _is_image_folder(path):
        return [source_of_path(path, spec, frames_fps=frames_fps)]
    try:
        paths = list(_videos_below(path, with_images=frames_fps is not None))
    except OSError as error:
        return [_unusable(str(path), VideoOpenError(f"cannot read folder {str(path)!r}: {short_reason(error)}"))]
    if not paths:
        hint = f"it holds {some(names)}" if (names := visible_names(path)) else "it is empty"
        error_ = EmptyVideoError(f"folder {str(path)!r} holds no videos or numbered images", hint=hint)
        return [_unusable(str(path), error_)]
    return [source_of_path(video, spec, frames_fps=frames_fps) for video in paths]


def _videos_below(folder: Path, *, with_images: bool) -> Iterator[Path]:
    """Yield the videos of a folder and those below, in the order of their names; hidden ones are passed over."""
    for name in visible_names(folder):
        path = folder / name
        if not os.path.isdir(path):
            if path.suffix.lower() in VIDEO_SUFFIXES:
                yield path
        elif _is_image_folder(path):
            if with_images:
                yield path
        elif not path.is_symlink():  # a link to a folder above would never end
            yield from _videos_below(path, with_images=with_images)


def _is_image_pattern(path: Path) -> bool:
    """Whether a path is a pattern of the images of one folder, which together are a video."""
    is_pattern = path.suffix.lower() in IMAGE_SUFFIXES and not os.path.lexists(path) and glob.has_magic(path.name)
    return is_pattern and os.path.isdir(path.parent)


def _is_image_folder(path: Path) -> bool:
    """Whether a folder is a video in images: it holds numbered ones, and no video."""
    try:
        if any(os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES for name in visible_names(path)):
            return False
        return bool(numbered_images(path))
    except OSError:
        return False


def _spooled(stream: BinaryIO | None, max_bytes: int | None, frames_fps: Fraction | None, stack: ExitStack) -> Source:
    """Copy standard input into a temporary file, since containers are not read from front to back."""
    if stream is None or stream.isatty():
        error = VideoOpenError(
            "standard input is a terminal, not a video", hint="for instance: cat cricket.avi | i3d classify -"
        )
        return _unusable(STANDARD_INPUT, error)
    folder = tempfile.mkdtemp(prefix="i3d-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "standard-input")
    num_bytes = 0
    with writing(path), path.open("wb") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            num_bytes += len(chunk)
            if max_bytes is not None and num_bytes > max_bytes:
                error = VideoOpenError(
                    f"standard input is larger than {max_bytes >> 20} MiB",
                    hint="--max-input-mib allows more: it is kept in a temporary file until it is read",
                )
                return _unusable(STANDARD_INPUT, error)
            file.write(chunk)
    return Source(STANDARD_INPUT, partial(open_source, path, frames_fps=frames_fps))


def _unusable(name: str, error: VideoError) -> Source:
    def raise_error(*, thorough: bool) -> FrameSource:
        raise error

    return Source(name, raise_error)
