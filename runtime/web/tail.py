"""The newest lines of files of JSON lines, which may be long and end in half a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import open_input

_MAX_BYTES = 1 << 22


def newest_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a file's last 4 MiB, in order; lines that hold none are passed over.

    A file that cannot be read has none.
    """
    try:
        with open_input(path) as stream:
            start = max(0, os.fstat(stream.fileno()).st_size - _MAX_BYTES)
            stream.seek(start)
            lines = stream.read(_MAX_BYTES).split(b"\n")
    except OSError:
        return
    for line in lines[start > 0 :]:
        try:
            fields = parse_json(line)
        except JSONError:
            continue
        if isinstance(fields, dict):
            yield fields
