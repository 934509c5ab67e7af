"""Label sets: the names behind a model's class indices."""

import csv
import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec

from i3d_edge.core.errors import LabelError
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import read_text
from i3d_edge.core.schema import Line, sentence
from i3d_edge.core.text import shown

KINETICS_400, KINETICS_600 = "kinetics-400", "kinetics-600"
_KINETICS = (KINETICS_400, KINETICS_600, "kinetics-700")
SHIPPED = (*_KINETICS, "something-something-v2")
"""Names of the sets that ship with the package."""

MAX_CLASSES = 100_000
ClassNames = Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=MAX_CLASSES)]
"""Names of a model's classes, in index order."""

_NUMBER_FIRST = re.compile(r"(?P<index>\d+)(?:\s*[,;:]\s*|[.)]?\s+)(?P<name>.+)")
_NUMBER_LAST = re.compile(r"(?P<name>.+?)\s*[,;\t]\s*(?P<index>\d+)")
_MAX_DIGITS = 9
_OWN_NUMBERS = "where numbers belong to the names, put another before each"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Class names in index order, under a name that tells one set from another.

    Each comes once, and fits in a line of 1,000 characters.

    Attributes:
        name: For instance "kinetics-400". A set that ships with the package is known by it alone.
        names: One per class; index in this tuple = index in the logits.
    """

    name: str
    names: tuple[str, ...] = field(repr=False)
    _indices: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            msgspec.convert((self.name, self.names), tuple[Line, ClassNames])
        except msgspec.ValidationError as error:
            raise LabelError(f"label set {shown(self.name)!r} has a wrong name: {sentence(error)}") from error
        indices = {name: index for index, name in enumerate(self.names)}
        if len(indices) != len(self.names):
            twice = Counter(self.names).most_common(1)[0][0]
            raise LabelError(f"label set {self.name!r} has {twice!r} more than once")
        object.__setattr__(self, "_indices", indices)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, label: object) -> bool:
        return label in self._indices

    @property
    def sha256(self) -> str:
        """SHA-256 of the names, see `hash_names`."""
        return hash_names(self.names)

    def index(self, label: str) -> int:
        """Return a label's class index; raises LabelError, with the nearest labels, if it is not in the set."""
        try:
            return self._indices[label]
        except KeyError:
            near = difflib.get_close_matches(label, self.names, n=3, cutoff=0.5)
            hint = "nearest: " + ", ".join(repr(name) for name in near) if near else None
            raise LabelError(f"label {label!r} is not among the {len(self)} of {self.name!r}", hint=hint) from None


def hash_names(names: Sequence[str]) -> str:
    """Return the SHA-256 of class names in index order, each followed by a newline, as 64 hexadecimal digits."""
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()


@cache
def shipped(name: str) -> LabelSet | None:
    """Return the label set that ships under this name, or None; each is in the order of its bytes, as published."""
    if name not in SHIPPED:
        return None
    text = resources.files("i3d_edge.core").joinpath(f"{name.replace('-', '_')}.txt").read_text(encoding="utf-8")
    return LabelSet(name, tuple(text.splitlines()))


def kinetics_400() -> LabelSet:
    """Return Kinetics-400's classes in DeepMind's order, which is the order of their bytes."""
    labels = shipped(KINETICS_400)
    assert labels is not None
    return labels


def find_labels(name: str) -> LabelSet:
    """Return the set that ships under a name, or else read the file of that name; see `read_label_file`."""
    return shipped(name) or read_label_file(Path(name))


def read_label_file(path: Path) -> LabelSet:
    """Read a set, named after its file, of any form that `number_classes` knows; raises LabelError as that does."""
    return LabelSet(path.stem, in_order(read_classes(path), f"label file {str(path)!r}"))


def read_classes(path: Path) -> Mapping[int, str]:
    """Read what class indices mean from a text file, which need not have them all; see `read_label_file`.

    Something-Something's `labels.json` is read too: an object of names and their indices.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise LabelError(f"cannot read label file {str(path)!r}: {error.strerror}") from error
    lines = text.rstrip().splitlines()
    if text.lstrip().startswith("{"):
        try:
            lines = [f"{index},{name}" for name, index in parse_json(text).items()]
        except JSONError as error:
            raise LabelError(f"label file {str(path)!r} is not JSON: {error}") from error
    return number_classes(lines, f"label file {str(path)!r}")


def number_classes(lines: Sequence[str], subject: str) -> Mapping[int, str]:
    """Return names by class index, in the order of the lines; raises LabelError, about `subject`, if they are none.

    Lines are names, counted from 0; or a number and a name ("1 Archery", "0,archery"), as in UCF101's `classInd.txt`,
    or the name first; or a CSV with the columns `id` and `name`. Numbers belong to the names unless every line has one.
    """
    lines = [line.strip() for line in lines]
    if "" in lines or not lines:
        raise LabelError(f"{subject} has no label on line {lines.index('') + 1 if lines else 1}")
    classes: dict[int, str] = {}
    for index, name in _pairs(lines, subject):
        if not index.isdecimal() or len(index) > _MAX_DIGITS or not name or int(index) in classes:
            raise LabelError(f"{subject} does not give each index one class: {index[:20]} {name!r}")
        classes[int(index)] = name
    if len(set(classes.values())) < len(classes):
        twice = Counter(classes.values()).most_common(1)[0][0]
        raise LabelError(f"{subject} has {twice!r} more than once", hint=None if twice in lines else _OWN_NUMBERS)
    return classes


def in_order(classes: Mapping[int, str], subject: str) -> tuple[str, ...]:
    """Return names in the order of their indices; raises LabelError unless these count one by one from 0 or 1."""
    indices = sorted(classes)
    if indices[0] > 1 or indices[-1] - indices[0] >= len(indices):
        gap = next(index for index in range(min(indices[0], 1), indices[-1]) if index not in classes)
        raise LabelError(
            f"{subject} numbers {len(indices)} classes from {indices[0]} to {indices[-1]}, without {gap}",
            hint=f"number them one by one from 0 or 1; {_OWN_NUMBERS}",
        )
    return tuple(classes[index] for index in indices)


def _pairs(lines: Sequence[str], subject: str) -> list[tuple[str, str]]:
    """Return indices and names as lines give them."""
    try:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    except csv.Error as error:
        raise LabelError(f"{subject} is not a list of classes: {error}") from error
    if rows and {"id", "name"} <= rows[0].keys():
        return [((row["id"] or "").strip(), (row["name"] or "").strip()) for row in rows]
    for form in (_NUMBER_FIRST, _NUMBER_LAST):
        found = [form.fullmatch(line) for line in lines]
        if all(found):
            return [(match["index"], match["name"].strip('"')) for match in found if match]
        places = [int(match["index"][:_MAX_DIGITS]) - place for place, match in enumerate(found) if match]
        if 2 * max(places.count(0), places.count(1)) > len(lines):
            raise LabelError(
                f"{subject} numbers its lines, but not line {found.index(None) + 1}: "
                f"{shown(lines[found.index(None)])!r}",
                hint="number every line or none",
            )
    return [(str(index), name) for index, name in enumerate(lines)]


def numbered(num_classes: int) -> LabelSet:
    """Return a set of placeholder names, for a model whose classes nobody has named."""
    return LabelSet(f"numbered-{num_classes}", tuple(f"class {index}" for index in range(num_classes)))


def default_for(num_classes: int) -> LabelSet:
    """Return the set that a model of unknown training most likely has: Kinetics for 400, 600 or 700 classes."""
    candidates = map(shipped, _KINETICS)
    return next((labels for labels in candidates if labels and len(labels) == num_classes), numbered(num_classes))
