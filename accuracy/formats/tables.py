"""CSV with a header: `path,label`, and the official Kinetics annotations."""

from __future__ import annotations

import csv
import io

from accuracy.formats.entry import Entry, Source, video_files
from i3d_edge.errors import ListError

_KINETICS_COLUMNS = ("label", "youtube_id", "time_start", "time_end")


def read_path_label(source: Source) -> list[Entry]:
    """Read a CSV with the columns `path` and `label`; others are ignored, and a label may be empty."""
    return [
        Entry(f"line {line}", path, label or None)
        for line, (path, label) in _rows(source, ("path", "label"), ("path",))
    ]


def read_kinetics(source: Source) -> list[Entry]:
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
        except ValueError:
            raise source.error(line, f"must have times in seconds; got {start!r} and {end!r}") from None
        path = files.get(stem) or files.get(name) or f"{stem}.mp4"
        entries.append(Entry(f"line {line}", path, (label[0] if label else "") or None))
    return entries


def _header(text: str) -> list[str]:
    return [cell.strip() for cell in text.partition("\n")[0].split(",")]


def is_path_label(first_line: str) -> bool:
    """Whether a first line is the header of a CSV with paths."""
    return "path" in _header(first_line)


def is_kinetics(first_line: str) -> bool:
    """Whether a first line is the header of Kinetics' own CSV."""
    return set(_KINETICS_COLUMNS[1:]) <= set(_header(first_line))


def _rows(source: Source, columns: tuple[str, ...], needed: tuple[str, ...]) -> list[tuple[int, list[str]]]:
    """Return line number and cells of the wanted columns; those needed must not be empty."""
    text = source.text()
    header = _header(text)
    if missing := [column for column in columns if column not in header]:
        names = " and ".join(repr(column) for column in columns) if len(columns) == 2 else repr(missing[0])
        plural = "columns" if len(columns) == 2 else "column"
        raise ListError(f"list {str(source.path)!r} must have the {plural} {names}; got {', '.join(header)}")
    places = [header.index(column) for column in columns]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for cells in reader:
            if reader.line_num == 1 or not any(cells):
                continue
            if len(cells) <= max(places):
                raise source.error(
                    reader.line_num,
                    f"must have {len(header)} cells; got {len(cells)}",
                    hint="a comma inside a cell needs the cell in double quotes",
                )
            row = [cells[place].strip() for place in places]
            for column, cell in zip(columns, row, strict=True):
                if column in needed and not cell:
                    raise source.error(reader.line_num, f"must have a {column}; it is empty")
            rows.append((reader.line_num, row))
    except csv.Error as error:
        raise ListError(
            f"list {str(source.path)!r} must be CSV; got {error}", hint="look for a double quote without its partner"
        ) from error
    return rows
