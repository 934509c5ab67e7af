"""A worker: one rival alone in its process, because thread pools of several engines fight in one.

The driver starts it, gets its answers, and then asks for one turn after the other:

    worker -> driver    Ready, once, or Failed
    driver -> worker    True: take a turn; False: end
    worker -> driver    the turn's time per clip, in milliseconds
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.rival import Float32Array, Rival, Task
from i3d_edge.core.timing import elapsed_ms

WARM_UP = 2
"""Untimed runs before the first turn; the answers are two more."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
# glibc then keeps the memory that activations were in, instead of asking for it anew at every run. PyTorch gains most.
_KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 28)}
_END_S = 10


@dataclass(frozen=True, slots=True)
class Ready:
    """A rival is open.

    Attributes:
        set_up: As in `Opened`.
        ran_in: As in `Opened`.
        answers: To each of the task's clips, shape (n, num_classes).
    """

    set_up: str
    ran_in: str
    answers: Float32Array


@dataclass(frozen=True, slots=True)
class Failed:
    """A rival could not be opened, or broke off: the last line of what it said."""

    reason: str


class Worker:
    """A rival's process, seen from the driver; a context manager.

    Attributes:
        rival: What runs in it.
        ready: What it said once open.
    """

    def __init__(self, rival: Rival, task: Task) -> None:
        """Start the process and wait until the rival is open, warm, and has answered.

        Raises:
            BenchmarkError: If it does not come to that.
        """
        self.rival = rival
        self._log = task.folder / f"{rival.slug}.log"
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, rival, task, self._log), daemon=True)
        with _environment(task.num_threads):
            self._process.start()
        theirs.close()
        try:
            self.ready: Ready = self._receive()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take_turn(self) -> float:
        """Let the rival run once; return its time per clip in milliseconds.

        Raises:
            BenchmarkError: If it breaks off.
        """
        self._send(True)
        return float(self._receive())

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):  # it may have ended by itself
            self._connection.send(False)
        self._process.join(_END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()

    def _send(self, message: bool) -> None:
        try:
            self._connection.send(message)
        except OSError:
            raise self._death() from None

    def _receive(self) -> Any:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if isinstance(message, Failed):
            raise BenchmarkError(
                f"rival {self.rival.name!r} failed: {message.reason}",
                hint=f"its output is in {self._log}",
            )
        return message

    def _death(self) -> BenchmarkError:
        self._process.join()
        return BenchmarkError(
            f"the process of rival {self.rival.name!r} ended with code {self._process.exitcode}",
            hint=f"its output is in {self._log}; -9 is often a lack of memory",
        )


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


def _serve(connection: Connection, rival: Rival, task: Task, log: Path) -> None:
    """Run in the worker's process."""
    _write_to(log)
    try:
        opened = rival.open(task)
        batches = [opened.prepare(clip) for clip in np.load(task.clips)]
        answers = np.stack([opened.run(batch) for batch in batches])
        del batches[1:]
        for _ in range(WARM_UP):
            opened.run(batches[0])
        connection.send(Ready(opened.set_up, opened.ran_in, answers))
        while connection.recv():
            connection.send(elapsed_ms(lambda: opened.run(batches[0])) / opened.clips_per_run)
    except EOFError:
        pass  # the driver is gone
    except Exception as error:
        traceback.print_exc()
        lines = str(error).splitlines()
        connection.send(Failed(f"{type(error).__name__}: {lines[0] if lines else ''}"))


def _write_to(log: Path) -> None:
    """Send what this process and its libraries print to a file."""
    with log.open("wb") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
