"""Times models side by side, taking turns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import openvino as ov

from i3d_edge.core.arrays import Array
from i3d_edge.core.errors import SpecError
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.progress import track
from i3d_edge.core.timing import Turn, elapsed_ms, percentiles, take_turns
from i3d_edge.runtime.inference.engine import Engine

WARM_UP = 2
_SEED = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """One model's times."""

    engine: Engine
    # wall time per answered clip of each round: an inference in latency mode; in throughput mode a round's time divided
    # by its clips. A step of a step model answers one clip. Unit: milliseconds
    clip_ms: tuple[float, ...]

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of `clip_ms`; 50 is the median."""
        return percentiles(self.clip_ms, percent)[0]

    @property
    def clips_per_s(self) -> float:
        """Clips answered a second, from the median."""
        return 1000 / self.percentile_ms(50)


def bench(engines: Mapping[str, Engine], *, rounds: int) -> dict[str, Timing]:
    """Time models of one mode in turns, after a warm-up, on random pixels; raises SpecError for several inputs."""
    turns = {name: _turn(engine, _pixels(engine)) for name, engine in engines.items()}
    for turn in track([*turns.values()] * WARM_UP, total=len(turns) * WARM_UP, title="warming up", unit="clip"):
        turn()
    times = take_turns(turns, rounds=rounds)
    return {name: Timing(engine, times[name]) for name, engine in engines.items()}


def _pixels(engine: Engine) -> Array:
    spec = engine.spec
    if len(spec.inputs) != 1:
        raise SpecError(f"only models of one input can be timed; this one is {spec.title()}")
    pixels = np.random.default_rng(_SEED).integers(0, 256, spec.clip_shape, dtype=np.uint8)
    [name] = spec.inputs
    return pixels.astype(NUMPY_TYPES[spec.inputs[name].element_type], copy=False)


def _turn(engine: Engine, clip: Array) -> Turn:
    """Return a function that times one round of a model, per clip."""
    if engine.mode == "latency":
        return lambda: elapsed_ms(lambda: engine.compiled(clip)) / engine.spec.batch

    def run_several() -> float:
        queue = ov.AsyncInferQueue(engine.compiled)
        num_runs = 2 * len(queue)

        def run() -> None:
            for _ in range(num_runs):
                queue.start_async(clip)
            queue.wait_all()

        return elapsed_ms(run) / (num_runs * engine.spec.batch)

    return run_several
