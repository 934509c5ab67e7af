"""Tables with a header: `path,label`, and the official Kinetics annotations, which come as JSON too."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource, video_files
from i3d_edge.core.errors import ListError
from i3d_edge.core.json_text import parse_object

_KINETICS_COLUMNS = ("youtube_id", "time_start", "time_end")
_ALL_KINETICS_COLUMNS = ("label", *_KINETICS_COLUMNS, "split", "is_cc")
_KINETICS_ROW = re.compile(r"[\w-]{11},\d{1,6},\d{1,6}(,|$)", re.ASCII)  # behind the class
_VALIDATION = frozenset({"val", "valid", "validate", "validation"})


def read_path_label(source: ListSource) -> list[ListEntry]:
    """Read a CSV with the columns `path`, `label` and perhaps `source`; others are ignored; a label may be empty."""
    rows = _rows(source, ("path", "label"), needed=("path",))
    return [
        ListEntry(where, row["path"], row["label"] or None, source=row.get("source") or None) for where, row in rows
    ]


def read_kinetics(source: ListSource) -> list[ListEntry]:
    """Read Kinetics' own CSV or JSON; videos below the root are called `<youtube_id>_<start>_<end>`, as by CVDF."""
    files = video_files(source.root)
    entries = []
    for where, row in _rows(source, _KINETICS_COLUMNS, needed=_KINETICS_COLUMNS):
        name, start, end = (row[column] for column in _KINETICS_COLUMNS)
        try:
            stem = f"{name}_{int(float(start)):06d}_{int(float(end)):06d}"
        except (ValueError, OverflowError):
            raise source.error(where, f"has times that are not seconds: {start!r} and {end!r}") from None
        path = files.get(stem) or files.get(name) or f"{stem}.mp4"
        entries.append(ListEntry(where, path, row.get("label") or None))
    return entries


def is_path_label(first_line: str) -> bool:
    """Whether a first line is the header of a CSV with paths."""
    return "path" in _header(first_line)


def is_kinetics(first_line: str) -> bool:
    """Whether a first line is the header of Kinetics' own CSV, or a row of it without one."""
    return set(_KINETICS_COLUMNS) <= set(_header(first_line))


def is_kinetics_json(document: Mapping[str, Any]) -> bool:
    """Whether JSON is Kinetics' own: by video, its "annotations" with a "segment"."""
    first = next(iter(document.values()), None)
    return isinstance(first, dict) and isinstance(first.get("annotations"), dict) and "segment" in first["annotations"]


def _header(text: str) -> list[str]:
    """Return the names of a CSV's columns, in small letters; those that Kinetics' own has if it comes without them."""
    cells = _first_cells(text)
    return [*_ALL_KINETICS_COLUMNS[: len(cells)]] if _is_kinetics_row(cells) else [cell.lower() for cell in cells]


def _is_kinetics_row(cells: list[str]) -> bool:
    """Whether cells are a class, a name of YouTube's, two times, and perhaps a split and the licence."""
    if len(cells) > len(_ALL_KINETICS_COLUMNS) or not _KINETICS_ROW.match(",".join(cells[1:])):
        return False
    return int(cells[2]) < int(cells[3])


def _first_cells(text: str) -> list[str]:
    """Return the cells of the first line that is not blank, or none if it is no CSV."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    try:
        cells = next(csv.reader([line], skipinitialspace=True, delimiter=_delimiter(line)), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def _delimiter(line: str) -> str:
    """Return what separates the cells of a header: the most frequent of comma, tab and semicolon."""
    return max(",\t;", key=line.count)


def _rows(source: ListSource, columns: tuple[str, ...], needed: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """Return place and cells of the rows of a split, or of all; cells of the columns needed are not empty."""
    document = parse_object(source.text())
    rows = list(_csv_rows(source, columns) if document is None else _json_rows(source, document))
    if source.split is not None:
        splits = sorted({row["split"] or "an empty cell" for _, row in rows})
        rows = [(where, row) for where, row in rows if _is_split(row["split"], source.split)]
        if splits and not rows:
            raise ListError(
                f"list {str(source.path)!r} has no videos of the split {source.split!r}; available: {', '.join(splits)}"
            )
    for where, row in rows:
        if empty := [column for column in needed if not row[column]]:
            raise source.error(where, f"has no {empty[0]}")
    return rows


def _csv_rows(source: ListSource, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place and cells of all rows that are neither blank nor the header, each of which has the columns."""
    text = source.text()
    header, num_headers = _header(text), 0 if _is_kinetics_row(_first_cells(text)) else 1
    for column in columns if source.split is None else (*columns, "split"):
        if column not in header:
            reason = "; --split needs it" if column == "split" else ""
            raise ListError(
                f"list {str(source.path)!r} has no column {column!r}; available: {', '.join(header) or 'none'}{reason}"
            )
    delimiter = _delimiter(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True, delimiter=delimiter)
    try:
        for cells in islice((cells for cells in reader if any(cell.strip() for cell in cells)), num_headers, None):
            row = dict.fromkeys(header, "") | dict(zip(header, map(str.strip, cells), strict=False))
            if len(cells) <= max(map(header.index, columns)):
                raise source.error(
                    f"line {reader.line_num}",
                    f"has {len(cells)} of {len(header)} cells",
                    hint="a comma inside a cell needs the cell in double quotes",
                )
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise ListError(
            f"list {str(source.path)!r} is not CSV: {error}", hint="look for a double quote without its partner"
        ) from error


def _json_rows(source: ListSource, document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place and cells of all videos of Kinetics' JSON, under the names that its CSV gives them."""
    for name, video in document.items():
        try:
            start, end = video["annotations"]["segment"]
            label, split = video["annotations"].get("label"), video.get("subset")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise source.error(f"video {name!r}", "has no 'annotations' with a 'segment' of two times") from None
        cells = (name, str(start), str(end), str(label or ""), str(split or ""))
        yield f"video {name!r}", dict(zip((*_KINETICS_COLUMNS, "label", "split"), cells, strict=True))


def _is_split(stated: str, wanted: str) -> bool:
    """Whether two names are of one split, whatever their case; the validation set has four."""
    names = {stated.lower(), wanted.lower()}
    return len(names) == 1 or names <= _VALIDATION
