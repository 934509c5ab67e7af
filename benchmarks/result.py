"""The result of one run, as it lies in JSON; tables are views of it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from benchmarks.rival import BenchmarkError, Precision
from i3d_edge.core.schema import Format

SCHEMA_VERSION = 1


class RivalResult(TypedDict):
    """One rival that ran."""

    name: str
    group: str
    precision: Precision
    """What it was meant to compute in."""
    ran_in: str
    """What it computed in, as its engine reported."""
    set_up: str
    clip_ms: list[float]
    """Wall time per clip of each round, in milliseconds."""
    difference: float
    """Largest difference of its logits to the reference's, as a part of the largest."""
    num_same_top1: int
    """On how many of the compared clips its best class is the reference's."""


class SkippedRival(TypedDict):
    """One rival that could not run here."""

    name: str
    reason: str


class BenchmarkResult(TypedDict):
    """A run."""

    schema_version: int
    date: str
    hardware_class: str
    versions: dict[str, str]
    model: str
    """The network: stream, classes, clip length, weights."""
    clip_shape: list[int]
    """NDHWC."""
    clips: str
    """What kind of video they were cut from."""
    rounds: int
    warm_up: int
    pause_s: float
    seed: int
    """Of the order within each round."""
    num_compared: int
    """Clips on which answers were compared."""
    num_calibration: int
    """Clips on which each INT8 model was calibrated, the same for all."""
    other_clip_difference: float
    """How much the reference's own answers to two of the clips differ, in the unit of `difference`."""
    load_before: float
    """Processes that ran on the machine in the minute before, on average."""
    rivals: list[RivalResult]
    """The reference first."""
    skipped: list[SkippedRival]


_FORMAT = Format(
    kind=BenchmarkResult,
    noun="result",
    error=BenchmarkError,
    version=SCHEMA_VERSION,
    version_hint="run `make bench` again",
)


def read_result(path: Path) -> BenchmarkResult:
    """Read a result file.

    Raises:
        BenchmarkError: If it is none, or of another version.
    """
    return _FORMAT.read(path)
