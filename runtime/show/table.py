"""Classifications as a CSV table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import I3DError
from i3d_edge.core.files import staged
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.prediction import Classification, top_k

# Spreadsheets recognise UTF-8 by its byte order mark.
_ENCODING = "utf-8-sig"

_BEFORE = ("path", "status")
_AFTER = ("view", "num_views", "clip", "crop", "start_s", "end_s", "view_label", "view_prob")
_VIDEO = ("duration_s", "num_frames", "mean_fps", "warnings", "error")
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def write_table(
    answers: Sequence[tuple[str, Classification | I3DError]],
    labels: LabelSet,
    output: str | PathLike[str],
    *,
    k: int = 5,
    force: bool = False,
) -> None:
    """Write classifications as a CSV file.

    Args:
        answers: Name and classification, or error, of each video.
        labels: The model's labels.
        output: The .csv file.
        k: Number of classes per video that get columns.
        force: Replace an existing output.

    Raises:
        OutputError: If the output exists or cannot be written.
    """
    text = csv_text(answers, labels, k)
    with staged(Path(output), force=force) as temporary:
        temporary.write_text(text, encoding=_ENCODING, newline="")


def csv_text(answers: Sequence[tuple[str, Classification | I3DError]], labels: LabelSet, k: int) -> str:
    """Return a table with a header and a row per video and view.

    Numbers are those of `Classification.to_fields`. A video that failed has one row, with the error.

    Args:
        answers: Name and classification, or error, of each video.
        labels: The model's labels.
        k: Number of classes per video that get columns.
    """
    ranks = range(1, k + 1)
    columns = [*_BEFORE, *(column for rank in ranks for column in (f"label_{rank}", f"prob_{rank}")), *_AFTER, *_VIDEO]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="")
    writer.writeheader()
    for name, answer in answers:
        for row in _rows(answer, labels, k):
            writer.writerow({column: _cell(value) for column, value in {"path": name, **row}.items()})
    return buffer.getvalue()


def _rows(answer: Classification | I3DError, labels: LabelSet, k: int) -> Iterator[dict[str, Any]]:
    if isinstance(answer, I3DError):
        yield {"status": "error", "error": answer.message}
        return
    fields = answer.to_fields()
    video: dict[str, Any] = {"status": "ok", **{name: fields[name] for name in _VIDEO[:3]}}
    video["warnings"] = "; ".join(answer.warnings)
    for rank, item in enumerate(fields["predictions"][:k], start=1):
        video |= {f"label_{rank}": item["label"], f"prob_{rank}": item["prob"]}
    for number, (view, times) in enumerate(zip(answer.views, fields["views"], strict=True), start=1):
        [best] = top_k(view.probabilities, labels, 1)
        yield {
            **video,
            "view": number,
            "num_views": len(answer.views),
            "clip": view.clip,
            "crop": view.crop,
            "start_s": times["start_s"],
            "end_s": times["end_s"],
            "view_label": best.label,
            "view_prob": round(best.prob, 6),
        }


def _cell(value: Any) -> Any:
    """Return a cell's value, with an apostrophe before text that a spreadsheet would take for a formula.

    Example:
        "=1+1" -> "'=1+1".
    """
    if isinstance(value, int | float):
        return value
    text = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
