"""The videos of a run: a manifest's, or those of a data set read with options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from i3d_edge.accuracy.data.dataset import ListedVideo, ListOptions, read_dataset
from i3d_edge.accuracy.data.manifest import is_manifest, read_manifest, verify_videos
from i3d_edge.accuracy.data.shard import WHOLE, Shard
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.messages import Say


def list_videos(
    path: Path, labels: LabelSet, options: ListOptions, *, say: Say, shard: Shard = WHOLE
) -> tuple[Sequence[ListedVideo], str | None]:
    """Read the videos of a manifest, and verify those of a slice, or those of a list or folder.

    Returns:
        The videos in order, and the manifest's digest; None for a list.

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
