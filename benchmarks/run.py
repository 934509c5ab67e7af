"""The driver: opens the rivals, compares their answers with the reference's, and gives them turns."""

import os
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.rival import BenchmarkError, Precision, Rival, Task
from benchmarks.worker import WARM_UP, Ready, Worker
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.environment import versions
from i3d_edge.core.numbers import relative_difference
from i3d_edge.core.processor import Processor
from i3d_edge.core.progress import track
from i3d_edge.core.timing import take_turns

BOUNDS: dict[Precision, float] = {"f32": 1e-3, "bf16": 0.05, "INT8": 0.2}
"""The largest difference of two logits that a precision may make, as a part of the largest logit. Our choice: about
three times what was seen, and less than what another clip makes."""

_PACKAGES = ("tensorflow", "openvino", "nncf", "numpy")
_SEED = 0


def hardware_class(processor: Processor) -> str:
    """Return what kind of machine ran, without its name: "2 cores, GenuineIntel x86_64 with AVX2, AVX-VNNI"."""
    kind = f"{processor.vendor} {platform.machine()}".strip()
    return f"{num_cores(processor)} cores, {kind} with {', '.join(processor.features) or 'no vector instructions'}"


def num_cores(processor: Processor) -> int:
    """Return how many physical cores there are, or logical ones where the system does not tell."""
    return processor.num_cores or processor.num_cpus


def measure(
    rivals: Sequence[Rival], task: Task, processor: Processor, *, clips: str, rounds: int = 15, pause_s: float = 0.5
) -> dict[str, Any]:
    """Measure rivals side by side, the reference first.

    Their order is another one in every round, so that none always follows the same. Before each turn is a pause, so
    that the threads of the one before have gone to sleep.

    Returns:
        JSON values, as the report shows them. Of each rival `clip_ms` are its times per clip by round, `difference` is
        the largest difference of its logits from the reference's, as a part of the largest, and `num_same_top1` on how
        many of `num_compared` clips its best class is the reference's. `other_clip_difference` is that of the
        reference's own answers to two clips. `load_before` is how many processes ran in the minute before.

    Raises:
        BenchmarkError: If a rival breaks off, or gives another answer.
    """
    reasons = {rival.name: rival.lacks(processor.flags) for rival in rivals}
    skipped = [{"name": name, "reason": reason} for name, reason in reasons.items() if reason]
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        workers: list[Worker] = []
        able = [rival for rival in rivals if not reasons[rival.name]]
        for rival in track(able, total=len(able), title="opening", unit="rival"):
            worker = stack.enter_context(Worker(rival, task))
            workers.append(worker)
            check_answers(rival, expected=workers[0].ready.answers, got=worker.ready.answers)
        turns = {worker.rival.name: worker.take_turn for worker in workers}
        times = take_turns(turns, rounds=rounds, pause_s=pause_s, rng=np.random.default_rng(_SEED))
    expected = workers[0].ready.answers
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "hardware_class": hardware_class(processor),
        "versions": versions(_PACKAGES),
        "model": task.spec.title(),
        "clip_shape": list(task.spec.clip_shape),
        "clips": clips,
        "rounds": rounds,
        "warm_up": WARM_UP,
        "pause_s": pause_s,
        "seed": _SEED,
        "num_compared": len(expected),
        "num_calibration": task.num_clips,
        "other_clip_difference": _rounded(relative_difference(expected[:1], expected[1:2])),
        "load_before": round(load, 2),
        "rivals": [_row(worker.rival, worker.ready, expected, times[worker.rival.name]) for worker in workers],
        "skipped": skipped,
    }


def check_answers(rival: Rival, *, expected: Float32Array, got: Float32Array) -> None:
    """Raise BenchmarkError if probabilities, (n, num_classes), are of another shape, not finite, or beyond `BOUNDS`."""
    if got.shape != expected.shape or not np.isfinite(got).all():
        finite = "finite" if np.isfinite(got).all() else "not all finite"
        raise BenchmarkError(
            f"rival {rival.name!r} gives probabilities of shape {got.shape}, {finite}, not {expected.shape}, finite"
        )
    found, bound = relative_difference(expected, got), BOUNDS[rival.precision]
    if found > bound:
        raise BenchmarkError(
            f"the logits of rival {rival.name!r} differ from the reference's by {100 * found:.3g} % of the largest; "
            f"up to {100 * bound:g} % is allowed",
            hint="it computes another network, or is given another clip, so its time would mean nothing",
        )


def _row(rival: Rival, ready: Ready, expected: Float32Array, clip_ms: Sequence[float]) -> dict[str, Any]:
    return {
        "name": rival.name,
        "group": rival.group,
        "precision": rival.precision,
        "ran_in": ready.ran_in,
        "set_up": ready.set_up,
        "clip_ms": [round(taken, 2) for taken in clip_ms],
        "difference": _rounded(relative_difference(expected, ready.answers)),
        "num_same_top1": int((ready.answers.argmax(-1) == expected.argmax(-1)).sum()),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
