"""Timing: runs that take turns, so that what else the machine does slows all of them alike; and what times say."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from i3d_edge.core.progress import track

Turn = Callable[[], float]
"""Runs something once and returns how long it took, in milliseconds."""


def elapsed_ms(run: Callable[[], object]) -> float:
    """Run something; return its wall time. Unit: milliseconds."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def take_turns(
    turns: Mapping[str, Turn], *, rounds: int, pause_s: float = 0.0, rng: np.random.Generator | None = None
) -> dict[str, tuple[float, ...]]:
    """Give everyone one turn in each round; return the times of each, by round. Unit: milliseconds.

    A pause before each turn lets the threads of the one before go to sleep; `rng` draws another order for each round,
    so that none always follows the same one.
    """
    times: dict[str, list[float]] = {name: [] for name in turns}
    names = list(turns)
    for _ in track(range(rounds), total=rounds, title="timing", unit="round"):
        for index in range(len(names)) if rng is None else rng.permutation(len(names)):
            time.sleep(pause_s)
            times[names[index]].append(turns[names[index]]())
    return {name: tuple(taken) for name, taken in times.items()}


def percentiles(times: Sequence[float], *percents: float) -> tuple[float, ...]:
    """Return percentiles of times, interpolated; 50 is the median."""
    return tuple(float(value) for value in np.percentile(times, percents))


def times_faster(times: Sequence[float], baseline: Sequence[float]) -> float:
    """Return how many times faster than a baseline someone is: the median over rounds of the quotient."""
    return float(np.median(np.array(baseline) / np.array(times)))
