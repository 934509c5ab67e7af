"""A data set: videos and what each shows, whatever form it comes in."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from i3d_edge.accuracy.data.formats import FORMATS, HAVE_INDICES, HAVE_SPLITS, ListEntry, ListSource, sniff
from i3d_edge.accuracy.data.formats.entry import is_video
from i3d_edge.core.errors import LabelError, ListError, VideoOpenError
from i3d_edge.core.labels import LabelSet, read_classes
from i3d_edge.core.text import is_utf8
from i3d_edge.runtime.frames.image_series import numbered_images
from i3d_edge.runtime.frames.remote import address_of, local_copy, located, public_name

_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")  # how absolute paths begin on Windows


@dataclass(frozen=True, slots=True)
class ListedVideo:
    """One video of a data set."""

    path: str  # as the data set names it; the name by which results speak of it
    file: Path  # where it lies; a folder, if it is one of frames
    label: str | None  # what it shows, in the model's words, or None if the data set does not say
    num_frames: int | None = None  # how many frames the data set says it has, or None
    frames_fps: Fraction | None = None  # the rate of a folder of frames, or None
    sha256: str | None = None  # what a manifest says of its bytes, or None
    source: str | None = None  # the recording that the data set says it was cut from, or None

    def is_there(self) -> bool:
        """Whether there is something where it lies; of an address it is copied for that, see `local_copy`."""
        try:
            return os.path.exists(local_copy(self.file))
        except VideoOpenError:
            return False


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How a list or folder is read; None leaves a choice to the reader."""

    format_name: str | None = None  # one of `FORMATS`
    # Where relative paths start, of a manifest too; None is the list's folder, or the folder itself.
    root: Path | None = None
    classes_path: Path | None = None  # what the list's class indices mean; see `read_classes`
    split: str | None = None  # which part, for formats that have several
    frames_fps: Fraction | None = None  # frames per second of folders of images


@dataclass(frozen=True, slots=True)
class DataSet:
    """Videos, and where they come from."""

    path: Path  # the list or folder
    format: str  # its name in `accuracy.data.formats.FORMATS`
    root: Path  # where relative paths start
    videos: Sequence[ListedVideo]  # in the order of the data set, each once
    notes: tuple[str, ...] = ()  # what a user should know of it
    options: ListOptions = ListOptions()  # how it was read


def read_dataset(path: Path, labels: LabelSet | None, options: ListOptions = ListOptions()) -> DataSet:
    """Read a list or folder in any of the forms of `accuracy.data.formats`.

    Names of classes are matched with the model's labels, so the data set's own order does not matter; indices are taken
    for the model's unless `options.classes_path` says what they mean. Without labels its own names are taken.

    Raises:
        ListError: If it cannot be read, is empty, names a video twice, or an option has no meaning for its format.
        LabelError: If a label is not the model's; names the nearest ones.
    """
    classes = None if options.classes_path is None else read_classes(options.classes_path)
    root = options.root or (path if os.path.isdir(path) else path.parent)
    source = ListSource(path, root, classes, options.split)
    name = options.format_name or sniff(source)
    _require_meaning(source, name)
    entries = [_portable(source, entry) for entry in FORMATS[name](source)]
    _require_utf8(source, entries)
    matcher = ClassMatcher(labels or _own_classes(source, entries))
    notes = _check_indices(source, entries, matcher)
    videos: dict[str, ListedVideo] = {}
    for entry in entries:
        file = located(source.root, entry.path)
        called = public_name(file) if address_of(Path(entry.path)) else entry.path
        key = os.path.normpath(source.root / called)
        if key in videos:
            raise ListError(f"list {str(path)!r} names a video twice: {entry.where} repeats {entry.path!r}")
        label = _label(source, entry, matcher)
        videos[key] = ListedVideo(called, file, label, entry.num_frames, options.frames_fps, source=entry.source)
    if not videos:
        raise ListError(f"list {str(path)!r} names no video")
    data = DataSet(path, name, source.root, tuple(videos.values()), notes, options)
    _require_frame_rate(data)
    return data


class ClassMatcher:
    """Finds the model's name for a class, whatever a data set does to case, spaces, underscores and apostrophes.

    Example: "playing_cricket" and "PlayingCricket" -> "playing cricket".
    """

    def __init__(self, labels: LabelSet) -> None:
        self.labels = labels
        self._names: dict[str, str | None] = {}
        for name in labels.names:
            key = _plain(name)
            self._names[key] = None if key in self._names else name

    def find(self, name: str) -> str | None:
        """Return the model's name, or None if it has no such class."""
        return name if name in self.labels else self._names.get(_plain(name))

    def match(self, name: str) -> str:
        """Return the model's name; raises LabelError, with the nearest ones, if it has no such class."""
        return self.find(name) or self.labels.names[self.labels.index(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _require_frame_rate(data: DataSet) -> None:
    """Refuse most videos to be folders of images of unknown rate, before each fails for want of it."""
    folders = [video for video in data.videos if video.frames_fps is None and os.path.isdir(video.file)]
    if 2 * len(folders) <= len(data.videos):
        return
    if first := next((video for video in folders if numbered_images(video.file)), None):
        raise ListError(
            f"data set {str(data.path)!r} has folders of images of unknown frame rate: the first is {first.path!r}",
            hint="give their rate: --frames-fps 25, or 30000/1001",
        )


def _require_meaning(source: ListSource, name: str) -> None:
    """Refuse what was said of a data set and has no meaning for its format."""
    if source.split is not None and name not in HAVE_SPLITS:
        raise ListError(
            f"--split needs a format with splits; data set {str(source.path)!r} is read as {name}",
            hint="leave --split out, and give the list or folder of that split",
        )
    if source.classes is not None and name not in HAVE_INDICES:
        raise ListError(
            f"--classes needs class indices; data set {str(source.path)!r} is read as {name}, which has names",
            hint="leave --classes out: names are matched with the model's",
        )


def _require_utf8(source: ListSource, entries: Sequence[ListEntry]) -> None:
    """Refuse names of other bytes: results and manifests are UTF-8, and could not hold them."""
    for name in (str(source.path), *(entry.path for entry in entries)):
        if not is_utf8(name):
            raise ListError(
                f"data set {str(source.path)!r} has a name that is not UTF-8: {name!r}",
                hint="rename that file or folder",
            )


def _portable(source: ListSource, entry: ListEntry) -> ListEntry:
    """Read a path that Windows wrote, unless a file has that very name."""
    if not ("\\" in entry.path or _DRIVE.match(entry.path)) or os.path.exists(source.root / entry.path):
        return entry
    if _DRIVE.match(entry.path) and os.name != "nt":
        raise source.error(
            entry.where,
            f"has an absolute path of Windows: {entry.path!r}",
            hint="make the paths relative to one folder, and give that folder by --videos",
        )
    return replace(entry, path=entry.path.replace("\\", "/"))


def _own_classes(source: ListSource, entries: Sequence[ListEntry]) -> LabelSet:
    names = {entry.label for entry in entries if entry.label}.union((source.classes or {}).values())
    if not names:
        raise ListError(
            f"data set {str(source.path)!r} does not name its classes",
            hint="give a folder for each class, or a list with names",
        )
    return LabelSet(source.path.name or "own", tuple(sorted(names)))


def _label(source: ListSource, entry: ListEntry, matcher: ClassMatcher) -> str | None:
    name = entry.label
    if entry.index is not None:
        names = source.classes
        name = matcher.labels.names[entry.index] if names is None else names.get(entry.index)
        if name is None:
            raise ListError(
                f"list {str(source.path)!r}, {entry.where}, has a class index that the class file does not name: "
                f"{entry.index}"
            )
    if name is None:
        return None
    try:
        return matcher.match(name)
    except LabelError as error:
        hint = "path and label seem to be swapped: the path comes first" if is_video(name) else error.hint
        raise LabelError(f"list {str(source.path)!r}, {entry.where}: {error.message}", hint=hint) from None


def _check_indices(source: ListSource, entries: Sequence[ListEntry], matcher: ClassMatcher) -> tuple[str, ...]:
    """Refuse indices that cannot be the model's, or contradict the folders that their videos lie in."""
    indexed = [(entry, entry.index) for entry in entries if entry.index is not None]
    if not indexed:
        return ()
    labels = matcher.labels
    if source.classes is not None:
        own = dict(enumerate(labels.names))
        moved = sum(own.get(index) != matcher.find(name) for index, name in source.classes.items())
        note = f"{moved} of {len(source.classes)} classes have another index than the model's: matched by name"
        return (note,) if moved else ()
    if beyond := [entry for entry, index in indexed if index >= len(labels)]:
        indices = [index for _, index in indexed]
        counts_from_one = min(indices) == 1 and max(indices) == len(labels)
        raise ListError(
            f"list {str(source.path)!r}, {beyond[0].where}, has class index {beyond[0].index}; the model has "
            f"{len(labels)} classes, from 0",
            hint="the list seems to count from 1: give its classes, a line of index and name each, by --classes FILE"
            if counts_from_one
            else None,
        )
    told = [(entry, labels.names[index], _folder_label(entry.path, matcher)) for entry, index in indexed]
    known = [(entry, stated, shown) for entry, stated, shown in told if shown is not None]
    wrong = [(entry, stated, shown) for entry, stated, shown in known if stated != shown]
    if 2 * len(wrong) > len(known):
        entry, stated, shown = wrong[0]
        raise ListError(
            f"list {str(source.path)!r} uses other class indices than the model: {len(wrong)} of {len(known)} disagree "
            f"with the video's folder, first {entry.where}: {entry.index} is {stated!r}, the folder is {shown!r}",
            hint="give the list's order of classes by --classes FILE",
        )
    note = f"{len(wrong)} of {len(known)} videos lie in the folder of another class than their index says"
    return (note,) if wrong else ()


def _folder_label(path: str, matcher: ClassMatcher) -> str | None:
    """Return the class that the nearest folder of a path is named after, or None."""
    for part in reversed(Path(path).parts[:-1]):
        if label := matcher.find(part):
            return label
    return None
