"""A worker: one rival alone in its process, because thread pools of several engines fight in one."""

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from benchmarks.rival import BenchmarkError, Rival, Task
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.timing import elapsed_ms

NUM_COMPARED = 2
"""Clips that a rival answers, so that the answers can be compared."""
WARM_UP = 2
"""Untimed runs before the first turn; the answers are two more."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
# glibc then keeps the memory that activations were in, instead of asking for it anew at every run.
_KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 28)}

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Ready:
    """A rival is open, see `Opened`, and has answered the clips that are compared: shape (n, num_classes)."""

    set_up: str
    ran_in: str
    answers: Float32Array


class Worker:
    """A rival's process, seen from the driver; a context manager.

    Attributes:
        rival: What runs in it.
        ready: What it said once open.
    """

    def __init__(self, rival: Rival, task: Task) -> None:
        """Start the process; wait until the rival is open, warm, and has answered; raises BenchmarkError otherwise."""
        self.rival = rival
        self._log = task.folder / f"{rival.slug}.log"
        context = multiprocessing.get_context("spawn")
        self._process = ProcessPoolExecutor(1, context, initializer=_write_to, initargs=(self._log,))
        with contextlib.ExitStack() as stack:
            stack.callback(self.close)
            with _environment(task.num_threads):
                self.ready = self._ask(_open, rival, task)
            stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take_turn(self) -> float:
        """Let the rival run once; return its time per clip in milliseconds; raises BenchmarkError if it breaks off."""
        return self._ask(_take_turn)

    def close(self) -> None:
        """End the process."""
        self._process.shutdown()

    def _ask(self, function: Callable[..., _Answer], *arguments: object) -> _Answer:
        try:
            return self._process.submit(function, *arguments).result()
        except Exception as error:  # an engine's, or because the process ended
            reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
            hint = f"its output is in {self._log}"
            raise BenchmarkError(f"rival {self.rival.name!r} failed: {reason}", hint=hint) from error


@contextlib.contextmanager
def _environment(num_threads: int) -> Iterator[None]:
    """Set what engines and allocator read when a process starts."""
    before = dict(os.environ)
    os.environ.update({**dict.fromkeys(_THREAD_VARIABLES, str(num_threads)), **_KEEP_MEMORY})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# What follows runs in the worker's process.

_turns: list[Callable[[], float]] = []


def _open(rival: Rival, task: Task) -> Ready:
    opened = rival.open(task)
    clips = np.array(np.load(task.clips, mmap_mode="r")[:NUM_COMPARED])
    answers = np.stack([opened.run(opened.prepare(clip)) for clip in clips])
    batch = opened.prepare(clips[0])
    for _ in range(WARM_UP):
        opened.run(batch)
    _turns.append(lambda: elapsed_ms(lambda: opened.run(batch)) / opened.clips_per_run)
    return Ready(opened.set_up, opened.ran_in, answers)


def _take_turn() -> float:
    return _turns[0]()


def _write_to(log: Path) -> None:
    """Send what this process and its libraries print to a file."""
    with log.open("wb") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
