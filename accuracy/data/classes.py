"""Class names: those of a data set matched with the model's, and what class indices mean."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from i3d_edge.core.errors import LabelError
from i3d_edge.core.labels import LabelSet

_NUMBERED = re.compile(r"(?P<index>\d+)[\s,]+(?P<name>.+)")
_MAX_DIGITS = 9


class ClassMatcher:
    """Finds the model's name for a class, whatever a data set does to case, spaces, underscores and apostrophes."""

    def __init__(self, labels: LabelSet) -> None:
        self.labels = labels
        self._names: dict[str, str | None] = {}
        for name in labels.names:
            key = _plain(name)
            self._names[key] = None if key in self._names else name

    def find(self, name: str) -> str | None:
        """Return the model's name, or None if it has no such class.

        Example:
            "playing_cricket" and "PlayingCricket" -> "playing cricket".
        """
        return name if name in self.labels else self._names.get(_plain(name))

    def match(self, name: str) -> str:
        """Return the model's name.

        Raises:
            LabelError: If the model has no such class; names the nearest ones.
        """
        return self.find(name) or self.labels.names[self.labels.index(name)]


def read_classes(path: Path) -> Mapping[int, str]:
    """Read what the class indices of a list mean.

    Three forms: a name a line, counted from 0; an index and a name a line, as in UCF101's `classInd.txt`; a CSV whose
    header has the columns `id` and `name`.

    Raises:
        LabelError: If the file cannot be read, or names an index or a class twice.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        raise LabelError(f"class file {str(path)!r} is not a readable text file: {reason}") from error
    if not lines:
        raise LabelError(f"class file {str(path)!r} is empty")
    try:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    except csv.Error as error:
        raise LabelError(f"class file {str(path)!r} is not a list of classes: {error}") from error
    if rows and {"id", "name"} <= rows[0].keys():
        pairs = [((row["id"] or "").strip(), (row["name"] or "").strip()) for row in rows]
    elif all(_NUMBERED.fullmatch(line) for line in lines):
        pairs = [(match["index"], match["name"]) for line in lines if (match := _NUMBERED.fullmatch(line))]
    else:
        pairs = [(str(index), name) for index, name in enumerate(lines)]
    classes: dict[int, str] = {}
    for index, name in pairs:
        if (
            not index.isdecimal()
            or len(index) > _MAX_DIGITS
            or not name
            or int(index) in classes
            or name in classes.values()
        ):
            raise LabelError(
                f"class file {str(path)!r} does not give each index one class and each class one index: "
                f"{index[:20]} {name!r}"
            )
        classes[int(index)] = name
    return classes


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
