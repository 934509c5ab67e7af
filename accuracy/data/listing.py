"""The videos of a run: a manifest's, or those of a data set read with options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from i3d_edge.accuracy.data.classes import read_classes
from i3d_edge.accuracy.data.dataset import DataSet, ListedVideo, read_dataset, require_frame_rate
from i3d_edge.accuracy.data.manifest import is_manifest, read_manifest, verify_videos
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.messages import Say


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How a list or folder is read; None leaves a choice to the reader.

    Attributes:
        format_name: The format, for instance "kinetics" or "class-folders".
        root: Where relative paths start; for manifests too.
        classes_path: A file that says what the list's class indices mean.
        split: Which part of the data set.
        frames_fps: Frames per second of folders of images.
    """

    format_name: str | None = None
    root: Path | None = None
    classes_path: Path | None = None
    split: str | None = None
    frames_fps: Fraction | None = None

    def read(self, path: Path, labels: LabelSet) -> DataSet:
        """Read a data set.

        Raises:
            ListError: If it cannot be read.
        """
        data = read_dataset(
            path,
            labels,
            format_name=self.format_name,
            root=self.root,
            classes=None if self.classes_path is None else read_classes(self.classes_path),
            split=self.split,
            frames_fps=self.frames_fps,
        )
        require_frame_rate(data)
        return data

    def require_unused(self, manifest_path: Path) -> None:
        """Refuse what a manifest says itself.

        Raises:
            ArgumentError: If an option other than `root` is set.
        """
        options = {
            "--format": self.format_name,
            "--classes": self.classes_path,
            "--split": self.split,
            "--frames-fps": self.frames_fps,
        }
        if used := [name for name, value in options.items() if value is not None]:
            raise ArgumentError(f"{used[0]} is for lists and folders; {str(manifest_path)!r} is a manifest")


def list_videos(
    path: Path, labels: LabelSet, options: ListOptions, *, verifies: bool = False, say: Say
) -> tuple[Sequence[ListedVideo], str | None]:
    """Read the videos of a manifest, and verify them, or those of a list or folder.

    Args:
        path: The manifest, list or folder.
        labels: The model's.
        options: How a list is read.
        verifies: Hash every video of a manifest, changed or not.
        say: Called with remarks of the list's reader.

    Returns:
        The videos in order, and the manifest's digest; None for a list.

    Raises:
        ListError: If it cannot be read, or a video is not the pinned one.
        ArgumentError: If options do not go with a manifest.
    """
    if is_manifest(path):
        options.require_unused(path)
        manifest = read_manifest(path)
        videos = manifest.videos(labels, root=options.root)
        verify_videos(manifest, root=options.root, force=verifies)
        return videos, manifest.digest
    data = options.read(path, labels)
    for text in data.notes:
        say(f"note: {text}")
    return data.videos, None
