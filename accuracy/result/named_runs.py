"""Recorded runs as commands and functions name them: RUN[:NAME]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from i3d_edge.accuracy.result.recorded_run import RecordedRun, read_run, score_run


def read_named_runs(texts: Sequence[str]) -> list[tuple[RecordedRun, str | None]]:
    """Read several RUN[:NAME], each folder once, and recompute what each says.

    Args:
        texts: RUN is the shortest existing folder that a colon follows.

    Returns:
        Each run, and the name of the model that was named.

    Raises:
        ResultError: If a run is not whole.
    """
    runs: dict[Path, RecordedRun] = {}
    named = []
    for text in texts:
        folder, name = split_run(text)
        if folder.resolve() not in runs:
            run = runs[folder.resolve()] = read_run(folder)
            score_run(run)
        named.append((runs[folder.resolve()], name))
    return named


def split_run(text: str) -> tuple[Path, str | None]:
    """Split RUN[:NAME], where both may hold colons: a folder of that very name, else up to the first that exists.

    Example:
        "results:rgb@HETERO:NPU,CPU" -> results, "rgb@HETERO:NPU,CPU".
    """
    if Path(text).exists():
        return Path(text), None
    parts = text.split(":")
    for number in range(1, len(parts)):
        folder = Path(":".join(parts[:number]))
        if folder.exists():
            return folder, ":".join(parts[number:])
    return Path(parts[0]), ":".join(parts[1:]) or None
