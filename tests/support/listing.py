"""Lists and folders to be read as data sets, and what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from i3d_edge.accuracy.data.dataset import DataSet, ListOptions, read_dataset
from i3d_edge.core.errors import ListError
from i3d_edge.core.labels import kinetics_400

LABELS = kinetics_400()


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows(data: DataSet) -> list[tuple[str, str | None]]:
    return [(video.path, video.label) for video in data.videos]


def message(path: Path, error: type[Exception] | tuple[type[Exception], ...] = ListError, **options: Any) -> str:
    with pytest.raises(error) as caught:
        read_dataset(path, LABELS, ListOptions(**options))
    return str(caught.value)
