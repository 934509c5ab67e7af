"""Runs of `i3d accuracy run`, as commands name them: RUN[:NAME]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from i3d_edge.accuracy import RecordedRun


def read_named(text: str) -> tuple[RecordedRun, str | None]:
    """Read RUN[:NAME], and recompute what it says; RUN is the shortest folder there is that a colon follows.

    Raises:
        ResultError: If the run is not whole.
    """
    [named] = read_all_named([text])
    return named


def read_all_named(texts: Sequence[str]) -> list[tuple[RecordedRun, str | None]]:
    """Read several RUN[:NAME] as `read_named` does, each folder once.

    Raises:
        ResultError: If a run is not whole.
    """
    from i3d_edge import accuracy as room

    runs: dict[Path, RecordedRun] = {}
    named = []
    for text in texts:
        folder, name = _split(text)
        if folder.resolve() not in runs:
            run = runs[folder.resolve()] = room.read_run(folder)
            room.score_run(run)
        named.append((runs[folder.resolve()], name))
    return named


def _split(text: str) -> tuple[Path, str | None]:
    """Take RUN[:NAME] apart, where both may have colons: a folder of the very name, else up to the first that fits.

    Example:
        "results:rgb@HETERO:NPU,CPU" -> results, "rgb@HETERO:NPU,CPU".
    """
    parts = text.split(":")
    if not Path(text).exists():
        for number in range(1, len(parts)):
            folder = Path(":".join(parts[:number]))
            if folder.exists():
                return folder, ":".join(parts[number:])
        if len(parts) > 1:
            return Path(parts[0]), ":".join(parts[1:])
    return Path(text), None
