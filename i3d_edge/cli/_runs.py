"""Runs of `i3d accuracy run`, as commands name them: RUN[:NAME]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accuracy import RecordedRun


def read_named(text: str) -> tuple[RecordedRun, str | None]:
    """Read RUN[:NAME], and recompute what it says; a folder whose own name has a colon is taken for the folder.

    Raises:
        ResultError: If the run is not whole.
    """
    import accuracy as room

    folder, name = Path(text), None
    if not folder.exists() and ":" in text:
        before, _, name = text.rpartition(":")
        folder = Path(before)
    run = room.read_run(folder)
    room.score_run(run)
    return run, name
