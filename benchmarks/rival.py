"""A rival: to the driver a line in a table, to its worker a function that opens it."""

import importlib
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.errors import I3DError
from i3d_edge.core.spec import ModelSpec

Precision = Literal["f32", "bf16", "INT8"]

_BF16_FLAGS = {"amx_bf16", "avx512_bf16"}


class BenchmarkError(I3DError):
    """A rival broke off or computes another network."""


@dataclass(frozen=True, slots=True)
class Task:
    """What every rival is given."""

    graph: Path  # the frozen graph that all of them run
    spec: ModelSpec  # what the graph says of itself
    # a .npy file: clips, shape (n, D, H, W, 3), uint8, to calibrate INT8 on. The first ones are answered and compared,
    # and the very first is timed
    clips: Path
    num_clips: int
    videos: tuple[Path, ...]
    folder: Path  # where rivals keep what they make; what one has made there another may use
    num_threads: int  # as many as the machine has cores


@dataclass(frozen=True, slots=True)
class Opened:
    """A rival that is ready to run."""

    set_up: str  # how, in a few words
    ran_in: str  # the precision that really runs, as the engine itself reports it, or as it was built
    # brings a clip, shape (D, H, W, 3), uint8, RGB, into the form that the rival takes. Not timed
    prepare: Callable[[UInt8Array], Any]
    run: Callable[[Any], Float32Array]  # runs that, and returns probabilities, shape (num_classes,). Timed
    clips_per_run: int = 1


@dataclass(frozen=True, slots=True)
class Rival:
    """One line of the comparison."""

    name: str  # short, unique
    group: str  # "TensorFlow", "OpenVINO" and so on; "i3d-edge" is ours
    precision: Precision  # what it is meant to compute in
    # its function `open_rival` takes a `Task`, the precision and the options, and returns an `Opened`. It is imported
    # in the worker only
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return re.sub(r"\W+", "-", self.name.lower())

    def lacks(self, flags: Set[str]) -> str | None:
        """Return why it cannot run here, by the CPU's flags as Linux names them, or None if it can."""
        if self.precision == "bf16" and not flags & _BF16_FLAGS:
            return "the CPU has no bf16 instructions"
        return None

    def open(self, task: Task) -> Opened:
        """Open it, in this process."""
        opened: Opened = importlib.import_module(self.module).open_rival(task, self.precision, **self.options)
        return opened
