"""Pictures of the videos of a run, from the files that were scored, if they are still there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from i3d_edge.accuracy.data.manifest import is_manifest, read_manifest
from i3d_edge.accuracy.data.video_check import content_sha256
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.core.errors import ListError, VideoError
from i3d_edge.runtime.frames.remote import address_of
from i3d_edge.runtime.frames.sources import Source, as_source
from i3d_edge.runtime.frames.video import one_of_many
from i3d_edge.runtime.show.thumbnails import Thumbnail, film_strip

NUM_PICTURES = 3
SIDE_PX = 160
# Folders of images have no frame rate, and their pictures do not depend on it.
_ANY_RATE = Fraction(25)

Found = tuple[Thumbnail, ...] | str
"""Pictures from the beginning, the middle and the end of a video, or why there are none."""
Take = Callable[[Source], tuple[Thumbnail, ...]]


@dataclass
class RunPictures:
    """Decodes pictures of runs' videos, each once; `root` is where relative paths start, if not as in the run."""

    root: Path | None = None
    _found: dict[Path, Found] = field(default_factory=dict)

    def of(self, run: RecordedRun, name: str, take: Take | None = None) -> Found:
        """Return the pictures of a video, by its name in a run, or what `take` makes of it.

        A run may come from anybody, and name any file: only one with the bytes that the run saw is shown.
        """
        try:
            root = self.root or _root(run)
        except ListError:
            return "the manifest has changed since"
        file = root / name
        if take is None and file in self._found:
            return self._found[file]
        sha256 = next((video["sha256"] for video in run.result.get("videos", []) if video["path"] == name), None)
        found = _pictures(file, sha256, take or _three_pictures)
        if take is None:
            self._found[file] = found
        return found


def _root(run: RecordedRun) -> Path:
    root = run.result["data"].get("root")
    if isinstance(root, str):
        return Path(root)
    path = Path(run.result["data"]["path"])
    if is_manifest(path):
        return read_manifest(path).root()
    return path if path.is_dir() else path.parent


def _pictures(file: Path, sha256: str | None, take: Take) -> Found:
    if sha256 is None:
        return "the run does not say which bytes it read"
    if address_of(file):
        return "the video lies at an address"
    try:
        if content_sha256(file) != sha256:
            return "the file has changed since"
        with one_of_many(str(file)):
            return take(as_source(file, frames_fps=_ANY_RATE))
    except (OSError, ValueError):
        return "the file is not here"
    except VideoError as error:
        return f"the file does not decode: {type(error).__name__}"


def _three_pictures(source: Source) -> tuple[Thumbnail, ...]:
    return film_strip(source, NUM_PICTURES, side_px=SIDE_PX).pictures
