"""Rivals that compute nothing: for tests of the driver, in workers that start quickly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.rival import Opened, Rival, Task
from i3d_edge.core.arrays import Float32Array, UInt8Array

ANSWER = np.array([0.7, 0.2, 0.1], np.float32)


def fake(name: str, opener: str, precision: str = "f32") -> Rival:
    return Rival(name, "fakes", precision, "fake_rivals", {"opener": opener})  # type: ignore[arg-type]


def open_rival(task: Task, precision: str, opener: str) -> Opened:
    return globals()[opener](task)


def _opened(task: Task, name: str, run: Callable[[UInt8Array], Float32Array]) -> Opened:
    def recorded(clip: UInt8Array) -> Float32Array:
        with (task.folder / "turns.txt").open("a") as stream:
            stream.write(name)
        return run(clip)

    return Opened(f"fake {name}", "f32", lambda clip: clip, recorded)


def _answer(clip: UInt8Array) -> Float32Array:
    """Depend on the clip, so that two clips have two answers."""
    return np.roll(ANSWER, int(clip.flat[0]))


def open_a(task: Task) -> Opened:
    return _opened(task, "a", _answer)


def open_b(task: Task) -> Opened:
    def slow(clip: UInt8Array) -> Float32Array:
        time.sleep(0.02)
        return _answer(clip)

    return _opened(task, "b", slow)


def open_wrong(task: Task) -> Opened:
    return _opened(task, "w", lambda clip: ANSWER[::-1].copy())


def open_raising(task: Task) -> Opened:
    print("what it says before it fails")
    raise ValueError("no such kernel\nsecond line")


def open_dying(task: Task) -> Opened:
    os._exit(7)


def open_dying_later(task: Task) -> Opened:
    marker: Path = task.folder / "runs"

    def run(clip: UInt8Array) -> Float32Array:
        marker.open("a").write("x")
        if len(marker.read_text()) > 5:  # two answers, two warm-ups, one turn
            os._exit(9)
        return _answer(clip)

    return _opened(task, "d", run)
