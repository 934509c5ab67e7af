"""Is a listed video there and whole? Found out before a run is spent on it."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.core.errors import VideoError
from i3d_edge.core.files import sha256_file
from i3d_edge.core.i3d_spec import CLIP_S
from i3d_edge.core.progress import track
from i3d_edge.runtime import ShortcutError, open_source
from i3d_edge.runtime.frames.image_series import numbered_images
from i3d_edge.runtime.frames.remote import local_copy
from i3d_edge.runtime.frames.video import one_of_many

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a whole video is."""

    sha256: str  # of its bytes; of a folder of frames, see `content_sha256`
    num_bytes: int
    duration_s: float  # from its first frame to the end of its last
    mean_fps: float  # frames per second, on average
    num_frames: int  # source frames

    @property
    def is_short(self) -> bool:
        """Whether it is shorter than one clip, so that clips repeat it."""
        return self.duration_s < CLIP_S


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a video cannot be used: "missing: ...", "corrupt: ..." or another word and its particulars."""

    reason: str


def check_video(video: ListedVideo) -> VideoFacts | Fault:
    """Read all of a video's bytes and decode all of its frames. Reasons speak of it by its name in the data set."""
    if not video.is_there():
        return Fault("missing: there is no such file")
    try:
        num_bytes = content_size(video.file)
        sha256 = content_sha256(video.file)
    except OSError as error:
        return Fault(f"missing: it cannot be read: {why_unreadable(video.file, error)}")
    try:
        with one_of_many(video.path):
            try:
                return _decode_all(video, sha256, num_bytes, thorough=False)
            except ShortcutError:
                return _decode_all(video, sha256, num_bytes, thorough=True)
    except VideoError as error:
        message = error.message.replace(repr(str(video.file)), repr(video.path))
        return Fault(f"corrupt: {type(error).__name__}: {message}")


@contextmanager
def video_threads() -> Iterator[ThreadPoolExecutor]:
    """Give threads to read videos in; if interrupted, wait for none."""
    threads = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def verified(verify: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """Return what a function that reads a video says of each."""
    with video_threads() as threads:
        return list(track(threads.map(verify, items), total=len(items), title="verifying", unit="video"))


def content_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder of images, that of a line of name and SHA-256 for each image."""
    if not path.is_dir():
        return sha256_file(local_copy(path))
    lines = "".join(f"{image.name} {sha256_file(image)}\n" for image in numbered_images(path))
    return hashlib.sha256(os.fsencode(lines)).hexdigest()


def content_size(path: Path) -> int:
    """Return the size in bytes of a file; of a folder of images, of all of them."""
    files: Iterable[Path] = numbered_images(path) if path.is_dir() else [local_copy(path)]
    return sum(file.stat().st_size for file in files)


def why_unreadable(path: Path, error: OSError) -> str:
    """Return what reading a file met, in small letters; of a folder of images, also which of them it was."""
    reason = (error.strerror or str(error)).lower()
    name = os.path.basename(os.fsdecode(error.filename or path))
    return reason if name == path.name else f"{reason}: {name!r}"


def _decode_all(video: ListedVideo, sha256: str, num_bytes: int, *, thorough: bool) -> VideoFacts | Fault:
    source = open_source(video.file, frames_fps=video.frames_fps, num_frames=video.num_frames, thorough=thorough)
    timeline = source.timeline
    for _ in source.frames(range(timeline.num_frames)):
        pass
    if source.has_damage:
        return Fault(f"corrupt: {'; '.join(source.warnings)}")
    return VideoFacts(
        sha256, num_bytes, round(timeline.duration_s, 6), round(timeline.mean_fps, 6), timeline.num_frames
    )
