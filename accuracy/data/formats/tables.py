"""CSV with a header: `path,label`, and the official Kinetics annotations."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, video_files
from i3d_edge.core.errors import ListError

_KINETICS_COLUMNS = ("youtube_id", "time_start", "time_end")
_VALIDATION = frozenset({"val", "valid", "validate", "validation"})


def read_path_label(source: ListSource) -> list[ListEntry]:
    """Read a CSV with the columns `path` and `label`; others are ignored, and a label may be empty."""
    rows = _rows(source, ("path", "label"), needed=("path",))
    return [ListEntry(f"line {line}", row["path"], row["label"] or None) for line, row in rows]


def read_kinetics(source: ListSource) -> list[ListEntry]:
    """Read Kinetics' own CSV; videos are called `<youtube_id>_<start>_<end>` with six digits each, as CVDF does.

    They may lie in the root or in folders below it. The names of those that are not there end in .mp4.
    """
    files = video_files(source.root)
    entries = []
    for line, row in _rows(source, _KINETICS_COLUMNS, needed=_KINETICS_COLUMNS):
        name, start, end = (row[column] for column in _KINETICS_COLUMNS)
        try:
            stem = f"{name}_{int(float(start)):06d}_{int(float(end)):06d}"
        except (ValueError, OverflowError):
            raise source.error(line, f"has times that are not seconds: {start!r} and {end!r}") from None
        path = files.get(stem) or files.get(name) or f"{stem}.mp4"
        entries.append(ListEntry(f"line {line}", path, row.get("label") or None))
    return entries


def is_path_label(first_line: str) -> bool:
    """Whether a first line is the header of a CSV with paths."""
    return "path" in _header(first_line)


def is_kinetics(first_line: str) -> bool:
    """Whether a first line is the header of Kinetics' own CSV."""
    return set(_KINETICS_COLUMNS) <= set(_header(first_line))


def _header(text: str) -> list[str]:
    """Return the cells of the first line that is not blank, or none if it is no CSV."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True), [])]
    except csv.Error:
        return []


def _rows(source: ListSource, columns: tuple[str, ...], needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Return line number and cells of the rows of a split, or of all; cells of the columns needed are not empty."""
    header = _header(source.text())
    for column in columns if source.split is None else (*columns, "split"):
        if column not in header:
            reason = "; --split needs it" if column == "split" else ""
            raise ListError(
                f"list {str(source.path)!r} has no column {column!r}; available: {', '.join(header) or 'none'}{reason}"
            )
    rows = list(_all_rows(source, header, columns))
    if source.split is not None:
        splits = sorted({row["split"] or "an empty cell" for _, row in rows})
        rows = [(line, row) for line, row in rows if _is_split(row["split"], source.split)]
        if splits and not rows:
            raise ListError(
                f"list {str(source.path)!r} has no videos of the split {source.split!r}; available: {', '.join(splits)}"
            )
    for line, row in rows:
        if empty := [column for column in needed if not row[column]]:
            raise source.error(line, f"has no {empty[0]}")
    return rows


def _all_rows(source: ListSource, header: list[str], columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of all rows that are not blank but the header, each of which has the columns."""
    reader = csv.reader(io.StringIO(source.text(), newline=""), strict=True, skipinitialspace=True)
    try:
        for cells in islice((cells for cells in reader if any(cell.strip() for cell in cells)), 1, None):
            row = dict.fromkeys(header, "") | dict(zip(header, map(str.strip, cells), strict=False))
            if len(cells) <= max(map(header.index, columns)):
                raise source.error(
                    reader.line_num,
                    f"has {len(cells)} of {len(header)} cells",
                    hint="a comma inside a cell needs the cell in double quotes",
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise ListError(
            f"list {str(source.path)!r} is not CSV: {error}", hint="look for a double quote without its partner"
        ) from error


def _is_split(stated: str, wanted: str) -> bool:
    """Whether two names are of one split, whatever their case; the validation set has four."""
    names = {stated.lower(), wanted.lower()}
    return len(names) == 1 or names <= _VALIDATION
