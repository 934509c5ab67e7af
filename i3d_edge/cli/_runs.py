"""Runs of `i3d accuracy run`, as commands name them: RUN[:NAME]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accuracy import RecordedRun


def read_named(text: str) -> tuple[RecordedRun, str | None]:
    """Read RUN[:NAME], and recompute what it says; a folder whose own name has a colon is taken for the folder.

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
    import accuracy as room

    runs: dict[Path, RecordedRun] = {}
    named = []
    for text in texts:
        folder, name = Path(text), None
        if not folder.exists() and ":" in text:
            before, _, name = text.rpartition(":")
            folder = Path(before)
        if folder.resolve() not in runs:
            run = runs[folder.resolve()] = room.read_run(folder)
            room.score_run(run)
        named.append((runs[folder.resolve()], name))
    return named
