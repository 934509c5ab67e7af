"""A manifest: which videos were measured on, pinned by their bytes, in a file that results can cite."""

import codecs
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypedDict

from i3d_edge.accuracy.data.dataset import ListedVideo, ListOptions, read_dataset
from i3d_edge.accuracy.data.formats import MANIFEST_KEY
from i3d_edge.accuracy.data.shard import WHOLE, Shard
from i3d_edge.accuracy.data.video_check import content_sha256, content_size, verified
from i3d_edge.core.errors import ArgumentError, LabelError, ListError
from i3d_edge.core.files import write_text
from i3d_edge.core.json_text import parse_object
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.messages import Say
from i3d_edge.core.rate import parse_rate
from i3d_edge.core.reading import open_input, read_text
from i3d_edge.core.schema import Count, Format
from i3d_edge.core.text import is_utf8, some
from i3d_edge.runtime.frames.remote import address_of, located

MANIFEST_VERSION = 1
_UNPINNED = ("digest", "root")
_START_BYTES = 256  # what is no JSON object by then is not read further: it may be a video


class PinnedVideo(TypedDict):
    """One video of a manifest."""

    path: str  # as the data set names it; relative to the manifest's root unless absolute
    label: str  # in the model's words
    index: Count  # of the label in the model's order
    sha256: str  # of the file; of a folder of images, of a line of name and SHA-256 for each, whether it counts or not
    num_bytes: Count
    duration_s: float
    fps: float  # frames per second, on average
    num_frames: Count  # of a folder of images, those that count


class Excluded(TypedDict):
    """A video that was considered and not taken."""

    path: str
    reason: str  # begins with "missing", "corrupt", "short", "duplicate" or "unlabelled"


class MadeFrom(TypedDict):
    """The data set that the videos were chosen from."""

    name: str  # of the list or folder, without the folders above it
    format: str  # see accuracy.data.formats.FORMATS
    sha256: str | None  # of a list
    split: str | None
    classes_sha256: str | None  # of the file that says what the list's indices mean
    num_listed: Count


class Choice(TypedDict):
    """How the videos were chosen."""

    how: str  # "stratified", "random" or "omz"
    num_asked: Count
    seed: int | None  # None where chance has no part
    drops_short: bool  # videos shorter than one clip


class ManifestContent(TypedDict):
    """The whole of a manifest."""

    manifest_version: int
    digest: str  # SHA-256 of everything but itself and the root, as JSON with sorted keys and no spaces
    root: str  # folder where paths start, relative to the manifest's own
    labels: str  # name of the label set
    num_classes: Count
    labels_sha256: str  # of the class names, see `hash_names`
    frames_fps: str | None  # rate of folders of images, e.g. "30000/1001"
    made_from: MadeFrom
    choice: Choice
    videos: list[PinnedVideo]
    excluded: list[Excluded]


_FORMAT = Format(
    kind=ManifestContent,
    noun="manifest",
    error=ListError,
    version=MANIFEST_VERSION,
    version_key=MANIFEST_KEY,
    hint="make it again by `i3d accuracy subset`",
    version_hint="it was written by another version of i3d-edge: make it again by `i3d accuracy subset`",
)


@dataclass(frozen=True, slots=True)
class VideoManifest:
    """A manifest that was read or made."""

    path: Path
    content: ManifestContent

    def root(self, given: Path | None = None) -> Path:
        """Return where paths start, if not where the user says."""
        return given if given is not None else located(self.path.parent, self.content["root"])

    @property
    def digest(self) -> str:
        """By which results cite it."""
        return self.content["digest"]

    def videos(self, labels: LabelSet, *, root: Path | None = None) -> list[ListedVideo]:
        """Return the videos for a run; `root` is where paths start, if not where the manifest says.

        Raises LabelError if the model has other classes, or has them in another order.
        """
        for video in self.content["videos"]:
            if video["index"] >= len(labels) or labels.names[video["index"]] != video["label"]:
                raise LabelError(
                    f"manifest {str(self.path)!r} was made for the classes {self.content['labels']!r}, where class "
                    f"{video['index']} is {video['label']!r}; the model has {labels.name!r}",
                    hint="`i3d accuracy subset --model` makes one for this model",
                )
        start = self.root(root)
        frames_fps = _rate(self.content)
        return [
            ListedVideo(
                path=video["path"],
                file=located(start, video["path"]),
                label=video["label"],
                num_frames=video["num_frames"],
                frames_fps=frames_fps,
                sha256=video["sha256"],
            )
            for video in self.content["videos"]
        ]


def is_manifest(path: Path) -> bool:
    """Whether a file says that it is a manifest, even a damaged one."""
    try:
        with open_input(path) as stream:
            if not stream.read(_START_BYTES).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
                return False
        text = read_text(path)
    except OSError:
        return False
    document = parse_object(text)
    return f'"{MANIFEST_KEY}"' in text if document is None else MANIFEST_KEY in document


def read_manifest(path: Path) -> VideoManifest:
    """Read a manifest; raises ListError if it is none, of another version, edited, or its path is not UTF-8."""
    if not is_utf8(str(path)):
        raise ListError(f"the path of manifest {str(path)!r} is not UTF-8, so results cannot name it", hint="rename it")
    content = _FORMAT.read(path)
    if (found := digest_of(content)) != content["digest"]:
        raise ListError(
            f"manifest {str(path)!r} was edited: the digest of its content is {found[:12]}, and it states "
            f"{content['digest'][:12]}",
            hint="make a new one by `i3d accuracy subset`",
        )
    if content["frames_fps"] is not None and not (_rate(content) or 0) > 0:
        raise ListError(f"manifest {str(path)!r} is damaged: frames_fps: {content['frames_fps']!r} is no rate")
    return VideoManifest(path, content)


def _rate(content: ManifestContent) -> Fraction | None:
    return None if content["frames_fps"] is None else parse_rate(content["frames_fps"])


def write_manifest(path: Path, content: ManifestContent, *, force: bool = False) -> VideoManifest:
    """Write a manifest, whose digest is computed here; raises OutputError if it exists (without `force`)."""
    content = {**content, "digest": digest_of(content)}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n", force=force)
    return VideoManifest(path, content)


def digest_of(content: Any) -> str:
    """Return the SHA-256 by which a manifest's content is cited."""
    pinned = {key: value for key, value in content.items() if key not in _UNPINNED}
    text = json.dumps(pinned, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify_videos(manifest: VideoManifest, *, root: Path | None = None, shard: Shard = WHOLE) -> None:
    """Raise ListError unless the videos of a slice have the bytes that were pinned; not those at addresses."""
    start = manifest.root(root)
    videos = shard.part(manifest.content["videos"])
    videos = [video for video in videos if not address_of(located(start, video["path"]))]
    are_pinned = verified(lambda video: _is_pinned(start / video["path"], video), videos)
    changed = [video["path"] for video, is_pinned in zip(videos, are_pinned, strict=True) if not is_pinned]
    if changed:
        raise ListError(
            f"{len(changed)} of {len(videos)} videos of manifest {str(manifest.path)!r} changed or are gone: "
            f"{some(changed)}",
            hint="bring back the videos that were pinned, say where they are by --videos, or make a new manifest",
        )


def _is_pinned(file: Path, video: PinnedVideo) -> bool:
    try:
        return content_size(file) == video["num_bytes"] and content_sha256(file) == video["sha256"]
    except OSError:
        return False


def list_videos(
    path: Path, labels: LabelSet, options: ListOptions, *, say: Say, shard: Shard = WHOLE
) -> tuple[Sequence[ListedVideo], str | None]:
    """Return the videos of a list or folder, and None; or those of a manifest, verifying a slice, and its digest.

    Raises:
        ListError: If it cannot be read, or a video is not the pinned one.
        ArgumentError: If options do not go with a manifest.
    """
    if is_manifest(path):
        _require_unused(options, path)
        manifest = read_manifest(path)
        videos = manifest.videos(labels, root=options.root)
        verify_videos(manifest, root=options.root, shard=shard)
        return videos, manifest.digest
    data = read_dataset(path, labels, options)
    for text in data.notes:
        say(f"note: {text}")
    return data.videos, None


def _require_unused(options: ListOptions, manifest_path: Path) -> None:
    """Refuse what a manifest says itself."""
    stated = {
        "--format": options.format_name,
        "--classes": options.classes_path,
        "--split": options.split,
        "--frames-fps": options.frames_fps,
    }
    if used := [name for name, value in stated.items() if value is not None]:
        raise ArgumentError(f"{used[0]} is for lists and folders; {str(manifest_path)!r} is a manifest")
