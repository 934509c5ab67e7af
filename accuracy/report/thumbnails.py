"""Small pictures of videos that a run was about, from the files themselves, where they are still there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.data.manifest import is_manifest, read_manifest
from i3d_edge.accuracy.data.video_check import content_sha256
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.core.errors import ListError, VideoError
from i3d_edge.runtime import ShortcutError, open_source

UInt8Array = npt.NDArray[np.uint8]

HEIGHT_PX = 84
NUM_PICTURES = 3

_QUALITY = 72
_WIDEST_PX = 150
# Folders of images do not say their rate, and a picture does not depend on it.
_ANY_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Pictures from the beginning, the middle and the end of a video, side by side.

    Attributes:
        jpeg: The file's bytes; None where there is no picture.
        reason: Why there is none.
    """

    jpeg: bytes | None
    reason: str = ""


@dataclass
class Thumbnails:
    """Makes thumbnails of a run's videos, each file once.

    Attributes:
        root: Where the run's relative paths start; None is where the run found them.
    """

    root: Path | None = None
    _made: dict[Path, Thumbnail] = field(default_factory=dict)
    _roots: dict[Path, Path | None] = field(default_factory=dict)

    def of(self, run: RecordedRun, name: str) -> Thumbnail:
        """Return the thumbnail of a video by its name in a run; one that has changed since is not shown."""
        root = self.root or self._root_of(run)
        if root is None:
            return Thumbnail(None, "the manifest is not what it was")
        file = root / name
        if file not in self._made:
            self._made[file] = _thumbnail(file, _hashes(run).get(name))
        return self._made[file]

    def _root_of(self, run: RecordedRun) -> Path | None:
        """Return where a run's relative paths start, None where its manifest has changed; a manifest is read once."""
        if run.folder not in self._roots:
            try:
                self._roots[run.folder] = _root(run)
            except ListError:
                self._roots[run.folder] = None
        return self._roots[run.folder]


def _root(run: RecordedRun) -> Path:
    root = run.result["data"].get("root")
    if isinstance(root, str):
        return Path(root)
    path = Path(run.result["data"]["path"])
    if is_manifest(path):
        return path.parent / read_manifest(path).content["root"]
    return path if path.is_dir() else path.parent


def _hashes(run: RecordedRun) -> Mapping[str, str]:
    return {video["path"]: video["sha256"] for video in run.result.get("videos", [])}


def _thumbnail(file: Path, sha256: str | None) -> Thumbnail:
    try:
        if sha256 is not None and content_sha256(file) != sha256:
            return Thumbnail(None, "the file has changed since")
        try:
            pictures = _pictures(file, thorough=False)
        except ShortcutError:
            pictures = _pictures(file, thorough=True)
    except (OSError, ValueError):
        return Thumbnail(None, "the file is not here")
    except VideoError as error:
        return Thumbnail(None, f"the file does not decode: {type(error).__name__}")
    strip = cv2.hconcat([_fit(picture) for picture in pictures])
    _, encoded = cv2.imencode(".jpg", strip[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Thumbnail(encoded.tobytes())


def _pictures(file: Path, *, thorough: bool) -> list[UInt8Array]:
    source = open_source(file, frames_fps=_ANY_RATE, thorough=thorough)
    last = source.timeline.num_frames - 1
    wanted = sorted({round(last * share) for share in (0.1, 0.5, 0.9)})
    pictures = dict(source.frames(wanted))
    return [pictures[index] for index in wanted]


def _fit(picture: UInt8Array) -> UInt8Array:
    """Shrink to the common height, and cut what would be too wide."""
    height, width = picture.shape[:2]
    wide = max(1, round(width * HEIGHT_PX / height))
    shrunk = cv2.resize(picture, (wide, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    start = max(0, (wide - _WIDEST_PX) // 2)
    return np.ascontiguousarray(shrunk[:, start : start + _WIDEST_PX])
