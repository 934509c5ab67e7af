"""One turn of `benchmarks.cpus`: a process of its own, because the instructions to use are read once in a process.

`python -m benchmarks.cpu_turn IR PRECISION ANSWERS.npy` prints a `Turn` as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from i3d_edge.core.spec import OUTPUT_NAME
from i3d_edge.runtime.bundle.clips import GOLDEN_CLIPS, golden_pixels, to_feeds
from i3d_edge.runtime.inference.devices import compile_model
from i3d_edge.runtime.inference.executed import executed_precision
from i3d_edge.runtime.inference.ir import read_ir

OWN = "own"
"""The precision that the CPU chooses by itself."""

_TIMED_RUNS = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """What one process did.

    Attributes:
        ran_in: Precision of most convolutions.
        kernels: Name of each convolution's kernel, and how many have it.
        clip_ms: Fastest run. Unit: milliseconds.
        compile_s: Unit: seconds.
    """

    ran_in: str
    kernels: Mapping[str, int]
    clip_ms: float
    compile_s: float


def take_turn(ir_path: Path, precision: str, answers_path: Path) -> Turn:
    """Compile an IR, answer the golden clips, which warms up, and time one of them.

    Args:
        ir_path: The .xml.
        precision: "f32", or `OWN`.
        answers_path: Where the probabilities go, shape (clips, num_classes), float32.
    """
    model, spec = read_ir(ir_path)
    hint = {} if precision == OWN else {"INFERENCE_PRECISION_HINT": precision}
    started = time.perf_counter()
    compiled = compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", **hint})
    compile_s = time.perf_counter() - started
    feeds = [to_feeds(golden_pixels(spec, *clip), spec) for clip in GOLDEN_CLIPS.items()]
    np.save(answers_path, np.stack([compiled(feed)[OUTPUT_NAME][0].copy() for feed in feeds]))
    times = []
    for _ in range(_TIMED_RUNS):
        started = time.perf_counter()
        compiled(feeds[0])
        times.append(time.perf_counter() - started)
    infos = [operation.get_rt_info() for operation in compiled.get_runtime_model().get_ops()]
    kernels = Counter(info["primitiveType"].value for info in infos if info["layerType"].value == "Convolution")
    return Turn(executed_precision(compiled), dict(kernels), round(1000 * min(times), 2), round(compile_s, 3))


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(take_turn(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))))
