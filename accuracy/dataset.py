"""A list of videos and what each shows."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.errors import LabelError, ListError
from i3d_edge.labels import LabelSet


@dataclass(frozen=True, slots=True)
class ListedVideo:
    """One row of a list.

    Attributes:
        path: As written in the list; the name by which results speak of it.
        file: Where it lies; a relative path starts at the list's folder.
        label: What it shows, or None where the row has no label.
    """

    path: str
    file: Path
    label: str | None


def read_list(path: Path, labels: LabelSet) -> list[ListedVideo]:
    """Read a list of videos.

    Two forms are told apart by the first line: a CSV whose header has the columns `path` and `label`
    (others are ignored, and a row may leave its label empty); or lines of a path and a class index.

    Args:
        path: The list.
        labels: The model's, which every label must be among.

    Raises:
        ListError: If the list is absent or empty, names a video twice, or has a line that cannot be read.
        LabelError: If a label is not the model's; names the nearest ones.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        raise ListError(f"list {str(path)!r} must be a text file; got {reason}") from error
    header = [cell.strip() for cell in text.partition("\n")[0].split(",")]
    try:
        rows = _csv_rows(path, text, header) if "path" in header else _indexed_rows(path, text, labels)
    except csv.Error as error:
        raise ListError(
            f"list {str(path)!r} must be CSV; got {error}", hint="look for a double quote without its partner"
        ) from error
    videos: dict[str, ListedVideo] = {}
    for line, name, label in rows:
        key = os.path.normpath(path.parent / name)
        if not name:
            raise ListError(f"list {str(path)!r}, line {line}, must have a path; it is empty")
        if key in videos:
            raise ListError(f"list {str(path)!r} must name each video once; line {line} repeats {name!r}")
        if label:
            try:
                labels.index(label)
            except LabelError as error:
                raise LabelError(f"list {str(path)!r}, line {line}: {error.message}", hint=error.hint) from None
        videos[key] = ListedVideo(name, path.parent / name, label or None)
    if not videos:
        raise ListError(f"list {str(path)!r} must name at least one video; it is empty")
    return list(videos.values())


def _csv_rows(path: Path, text: str, header: list[str]) -> list[tuple[int, str, str]]:
    if "label" not in header:
        raise ListError(f"list {str(path)!r} must have the columns 'path' and 'label'; got {', '.join(header)}")
    path_column, label_column = header.index("path"), header.index("label")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    for cells in reader:
        if reader.line_num == 1 or not any(cells):
            continue
        if len(cells) <= max(path_column, label_column):
            raise ListError(
                f"list {str(path)!r}, line {reader.line_num}, must have {len(header)} cells; got {len(cells)}",
                hint="a comma inside a cell needs the cell in double quotes",
            )
        rows.append((reader.line_num, cells[path_column].strip(), cells[label_column].strip()))
    return rows


def _indexed_rows(path: Path, text: str, labels: LabelSet) -> list[tuple[int, str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.rsplit(maxsplit=1)
        if len(cells) != 2 or not cells[1].isdecimal():
            raise ListError(
                f"list {str(path)!r}, line {number}, must be a path and a class index; got {line.strip()!r}",
                hint="a list of label names needs a first line with the columns path,label",
            )
        if int(cells[1]) >= len(labels):
            raise ListError(
                f"list {str(path)!r}, line {number}, must have a class index below {len(labels)}; got {cells[1]}"
            )
        rows.append((number, cells[0].strip(), labels.names[int(cells[1])]))
    return rows
