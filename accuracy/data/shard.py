"""A slice of a list of videos, for runs that several machines share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from i3d_edge.core.errors import ArgumentError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `of`-th video of a list, so that a list sorted by class gives slices that are alike."""

    number: int = 1  # which slice, from 1
    of: int = 1  # how many there are

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return the slice's items: of 2/3 the 2nd, the 5th, the 8th and so on."""
        return items[self.number - 1 :: self.of]

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard()


def parse_shard(text: str) -> Shard:
    """Return a slice by its name, "3/8"; raises ArgumentError if there is none."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or not 1 <= shard.number <= shard.of:
        raise ArgumentError(f"{text!r} is no slice of a list", hint="the third of eight slices is 3/8")
    return shard
