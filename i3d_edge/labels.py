"""Label sets: the names behind a model's class indices."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from i3d_edge.errors import LabelError

KINETICS_400 = "kinetics-400"


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
            raise LabelError(f"label set {self.name!r} must have distinct names; got {twice[0]!r} more than once")
        object.__setattr__(self, "_indices", indices)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, label: object) -> bool:
        return label in self._indices

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
            raise LabelError(
                f"label {label!r} must be one of the {len(self)} in {self.name!r}; it is not", hint=hint
            ) from None


@cache
def kinetics_400() -> LabelSet:
    """Return Kinetics-400's classes in DeepMind's order, which is the order of their bytes."""
    text = resources.files("i3d_edge").joinpath("kinetics_400.txt").read_text(encoding="utf-8")
    return LabelSet(KINETICS_400, tuple(text.splitlines()))


def numbered(num_classes: int) -> LabelSet:
    """Return a set of placeholder names, for a model whose classes nobody has named."""
    return LabelSet(f"numbered-{num_classes}", tuple(f"class {index}" for index in range(num_classes)))


def shipped(name: str) -> LabelSet | None:
    """Return the label set that ships under this name, or None."""
    return kinetics_400() if name == KINETICS_400 else None


def default_for(num_classes: int) -> LabelSet:
    """Return the label set that a model of unknown training most likely has: Kinetics-400 for 400 classes."""
    return kinetics_400() if num_classes == len(kinetics_400()) else numbered(num_classes)
