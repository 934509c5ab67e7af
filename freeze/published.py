"""The five checkpoints that DeepMind published, and what identifies each.

Source: google-deepmind/kinetics-i3d at the commit below, folder `data/checkpoints`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

COMMIT = "0667e889a5904b4dc122e0ded4c332f49f8df42c"
BASE_URL = f"https://raw.githubusercontent.com/google-deepmind/kinetics-i3d/{COMMIT}/data/checkpoints"


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint in DeepMind's repository: its folder there, and the git blob SHA-1 of data file and index."""

    name: str
    data_sha1: str
    index_sha1: str


CHECKPOINTS: Mapping[str, PublishedCheckpoint] = {
    row[0]: PublishedCheckpoint(*row)
    for row in (
        ("rgb_imagenet", "2958652e0c9c48a65010c0ebda5c9cfd4edc7c18", "5ab1058b8f4f89a896c01f67c0a4c96a31548af7"),
        ("rgb_scratch", "fa7df95674dbf3579e7fccd954e51e706b4734c1", "84dd4518e982d9ca6ce1ff02e95fca2e8cbb1f73"),
        ("flow_imagenet", "bf56831f663abc3de0d35f193030b73a3df7fb61", "8217f9450d851d24782aaf1af01c5c3b35b81a35"),
        ("flow_scratch", "1d6a0b68f32544af11111342857e47e30d13afa9", "193bc425100f3978c793da66bd9eb54baea8dc6a"),
        ("rgb_scratch_kin600", "6392a74c3180e706cabada39d8f40a50a48642e5", "d378d8f01215fe92a29cd170f040c284070e9cd5"),
    )
}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a checkpoint compares with a published one."""

    name: str
    differing: tuple[str, ...]  # variables, below the scope, whose bytes are others; empty if this is that checkpoint


@cache
def crc32c_table() -> Mapping[str, Mapping[str, int]]:
    """Return the CRC32C of every variable, as its index file states it: published name -> variable -> value."""
    text = resources.files("i3d_edge.freeze").joinpath("published_crc32c.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {name: {row["variable"]: int(row[name], 16) for row in rows} for name in CHECKPOINTS}


def nearest(crc32c: Mapping[str, int]) -> Likeness | None:
    """Return the published checkpoint that shares the most variables, by name below the scope; None if none does."""
    likenesses = [
        Likeness(name, tuple(sorted(variable for variable, value in table.items() if crc32c.get(variable) != value)))
        for name, table in crc32c_table().items()
    ]
    best = min(likenesses, key=lambda likeness: len(likeness.differing))
    return best if len(best.differing) < len(crc32c_table()[best.name]) else None
