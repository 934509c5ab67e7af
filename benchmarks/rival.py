"""What a rival is: to the driver a line in a table, to its worker a function that opens it."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from i3d_edge.core.spec import ModelSpec

Precision = Literal["f32", "bf16", "INT8"]

Float32Array = npt.NDArray[np.float32]
UInt8Array = npt.NDArray[np.uint8]

BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True, slots=True)
class Task:
    """What every rival is given.

    Attributes:
        graph: The frozen graph that all of them run.
        spec: What the graph says of itself.
        clips: A .npy file: clips to answer, shape (n, D, H, W, 3), uint8; the first is the one that is timed.
        calibration: A .npy file: clips for static quantization, of the same layout.
        num_calibration: How many those are.
        videos: What they are cut from.
        folder: Where rivals keep what they make; what one has made there another may use.
        num_threads: As many as the machine has cores.
    """

    graph: Path
    spec: ModelSpec
    clips: Path
    calibration: Path
    num_calibration: int
    videos: tuple[Path, ...]
    folder: Path
    num_threads: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A rival that is ready to run.

    Attributes:
        set_up: How, in a few words.
        ran_in: The precision that really runs, as the engine itself reports it, or as it was built.
        prepare: Brings a clip, shape (D, H, W, 3), uint8, RGB, into the form that the rival takes. Not timed.
        run: Runs that, and returns probabilities, shape (num_classes,). Timed.
        clips_per_run: How many clips `run` computes.
    """

    set_up: str
    ran_in: str
    prepare: Callable[[UInt8Array], Any]
    run: Callable[[Any], Float32Array]
    clips_per_run: int = 1


@dataclass(frozen=True, slots=True)
class Rival:
    """One line of the comparison.

    Attributes:
        name: Short, unique.
        group: "TensorFlow", "OpenVINO" and so on; "i3d-edge" is ours.
        precision: What it is meant to compute in.
        opener: "module:function"; the function takes a `Task` and returns an `Opened`. Imported in the worker only.
        packages: Top-level modules that it needs.
        needs_bf16: Whether it is only worth running on a CPU with bf16 instructions.
        needs_compiler: Whether it compiles C++ as it goes.
    """

    name: str
    group: str
    precision: Precision
    opener: str
    packages: tuple[str, ...] = ()
    needs_bf16: bool = False
    needs_compiler: bool = False

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return re.sub(r"\W+", "-", self.name.lower())

    def lacks(self, flags: Set[str]) -> str | None:
        """Return why it cannot run here, or None if it can.

        Args:
            flags: The CPU's, as Linux names them.
        """
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                return f"the package {package} is not installed"
        if self.needs_bf16 and not flags & BF16_FLAGS:
            return "the CPU has no bf16 instructions"
        if self.needs_compiler and not any(map(shutil.which, _COMPILERS)):
            return "there is no C++ compiler"
        return None

    def open(self, task: Task) -> Opened:
        """Open it, in this process."""
        module, _, function = self.opener.partition(":")
        opened: Opened = getattr(importlib.import_module(module), function)(task)
        return opened
