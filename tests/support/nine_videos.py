"""A data set of nine videos in three classes, and what was chosen of it."""

from __future__ import annotations

from pathlib import Path

from synthetic import write_numbered

from i3d_edge.accuracy.data.dataset import DataSet, read_dataset
from i3d_edge.accuracy.data.manifest import VideoManifest
from i3d_edge.core.labels import LabelSet

LABELS = LabelSet("three", ("jump", "run", "walk"))


def dataset(root: Path, per_class: int = 3) -> DataSet:
    """Nine videos, three of a class, each of its own length and so of its own bytes."""
    rows = []
    for number in range(per_class * 3):
        label = LABELS.names[number % 3]
        write_numbered(root / f"{number}_{label}.mp4", 10 + number)
        rows.append(f"{number}_{label}.mp4,{label}\n")
    (root / "list.csv").write_text("path,label\n" + "".join(rows))
    return read_dataset(root / "list.csv", LABELS)


def paths(manifest: VideoManifest) -> list[str]:
    return [video["path"] for video in manifest.content["videos"]]
