"""Label sets: the names behind a model's class indices."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from i3d_edge.core.errors import LabelError

KINETICS_400, KINETICS_600 = "kinetics-400", "kinetics-600"
_FILES = {KINETICS_400: "kinetics_400.txt", KINETICS_600: "kinetics_600.txt"}


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Class names in index order, under a name that tells one set from another.

    Attributes:
        name: For instance "kinetics-400". A set that ships with the package is known by it alone.
        names: One per class; index in this tuple = index in the logits.
    """

    name: str
    names: tuple[str, ...] = field(repr=False)
    _indices: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        indices = {name: index for index, name in enumerate(self.names)}
        if len(indices) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise LabelError(f"label set {self.name!r} has {twice[0]!r} more than once")
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
        """Return a label's class index.

        Raises:
            LabelError: If the set has no such label; names the nearest ones.
        """
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
    """Return the label set that ships under this name, or None; both are in DeepMind's order."""
    if name not in _FILES:
        return None
    text = resources.files("i3d_edge.core").joinpath(_FILES[name]).read_text(encoding="utf-8")
    return LabelSet(name, tuple(text.splitlines()))


def kinetics_400() -> LabelSet:
    """Return Kinetics-400's classes in DeepMind's order, which is the order of their bytes."""
    labels = shipped(KINETICS_400)
    assert labels is not None
    return labels


def read_label_file(path: Path) -> LabelSet:
    """Read a text file with one label a line, in index order; blank lines at the end are ignored.

    Returns:
        The set, named after the file.

    Raises:
        LabelError: If the file cannot be read, is empty, has a blank line between labels or a label twice.
    """
    try:
        names = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        raise LabelError(f"cannot read label file {str(path)!r}: {reason}") from error
    names = [name.strip() for name in names]
    if "" in names or not names:
        line = names.index("") + 1 if names else 1
        raise LabelError(f"label file {str(path)!r} has no label on line {line}")
    return LabelSet(path.stem, tuple(names))


def numbered(num_classes: int) -> LabelSet:
    """Return a set of placeholder names, for a model whose classes nobody has named."""
    return LabelSet(f"numbered-{num_classes}", tuple(f"class {index}" for index in range(num_classes)))


def default_for(num_classes: int) -> LabelSet:
    """Return the set that a model of unknown training most likely has: Kinetics for 400 or 600 classes."""
    candidates = (shipped(name) for name in _FILES)
    return next((labels for labels in candidates if labels and len(labels) == num_classes), numbered(num_classes))
