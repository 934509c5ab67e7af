"""CSV with a header: `path,label`, and the official Kinetics annotations."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, video_files
from i3d_edge.core.errors import ListError

_KINETICS_COLUMNS = ("label", "youtube_id", "time_start", "time_end")
_SPLIT_COLUMN = "split"
_VALIDATION = frozenset({"val", "valid", "validate", "validation"})


def read_path_label(source: ListSource) -> list[ListEntry]:
    """Read a CSV with the columns `path` and `label`; others are ignored, and a label may be empty."""
    return [
        ListEntry(f"line {line}", path, label or None)
        for line, (path, label) in _rows(source, ("path", "label"), ("path",))
    ]


def read_kinetics(source: ListSource) -> list[ListEntry]:
    """Read Kinetics' own CSV; videos are called `<youtube_id>_<start>_<end>` with six digits each, as CVDF does.

    They may lie in the root or in folders below it. The names of those that are not there end in .mp4.
    """
    files = video_files(source.root)
    entries = []
    columns = ("youtube_id", "time_start", "time_end")
    header = _header(source.text())
    wanted = (*columns, "label") if "label" in header else columns
    for line, (name, start, end, *label) in _rows(source, wanted, columns):
        try:
            stem = f"{name}_{int(float(start)):06d}_{int(float(end)):06d}"
        except (ValueError, OverflowError):
            raise source.error(line, f"must have times in seconds; got {start!r} and {end!r}") from None
        path = files.get(stem) or files.get(name) or f"{stem}.mp4"
        entries.append(ListEntry(f"line {line}", path, (label[0] if label else "") or None))
    return entries


def _header(text: str) -> list[str]:
    """Return the cells of the first line that is not blank, or none if it is no CSV."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True), [])]
    except csv.Error:
        return []


def is_path_label(first_line: str) -> bool:
    """Whether a first line is the header of a CSV with paths."""
    return "path" in _header(first_line)


def is_kinetics(first_line: str) -> bool:
    """Whether a first line is the header of Kinetics' own CSV."""
    return set(_KINETICS_COLUMNS[1:]) <= set(_header(first_line))


def _rows(source: ListSource, columns: tuple[str, ...], needed: tuple[str, ...]) -> list[tuple[int, list[str]]]:
    """Return line number and cells of the wanted columns; those needed must not be empty. Other splits are left out."""
    text = source.text()
    header = _header(text)
    if missing := [column for column in columns if column not in header]:
        names = " and ".join(repr(column) for column in columns) if len(columns) == 2 else repr(missing[0])
        plural = "columns" if len(columns) == 2 else "column"
        found = ", ".join(header) or "nothing"
        raise ListError(f"list {str(source.path)!r} must have the {plural} {names}; got {found}")
    places = [header.index(column) for column in columns]
    split_place = _split_place(source, header)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    rows: list[tuple[int, list[str]]] = []
    splits = set()
    try:
        for cells in _after_header(reader):
            if len(cells) <= max(places):
                raise source.error(
                    reader.line_num,
                    f"must have {len(header)} cells; got {len(cells)}",
                    hint="a comma inside a cell needs the cell in double quotes",
                )
            if split_place is not None:
                splits.add(split := "".join(cells[split_place : split_place + 1]).strip())
                if not _is_split(split, str(source.split)):
                    continue
            row = [cells[place].strip() for place in places]
            for column, cell in zip(columns, row, strict=True):
                if column in needed and not cell:
                    raise source.error(reader.line_num, f"must have a {column}; it is empty")
            rows.append((reader.line_num, row))
    except csv.Error as error:
        raise ListError(
            f"list {str(source.path)!r} is not CSV: {error}", hint="look for a double quote without its partner"
        ) from error
    if splits and not rows:
        found = ", ".join(sorted(split or "an empty cell" for split in splits))
        raise ListError(f"list {str(source.path)!r} has no videos of the split {source.split!r}; available: {found}")
    return rows


def _after_header(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that are not blank, but for the first of them."""
    return islice((cells for cells in reader if any(cell.strip() for cell in cells)), 1, None)


def _split_place(source: ListSource, header: list[str]) -> int | None:
    """Return where a row says its split, or None if no split is asked for."""
    if source.split is None:
        return None
    if _SPLIT_COLUMN not in header:
        raise ListError(
            f"list {str(source.path)!r} must have the column {_SPLIT_COLUMN!r} for --split; got {', '.join(header)}"
        )
    return header.index(_SPLIT_COLUMN)


def _is_split(stated: str, wanted: str) -> bool:
    """Whether two names are of one split, whatever their case; the validation set has four."""
    names = {stated.lower(), wanted.lower()}
    return len(names) == 1 or names <= _VALIDATION
