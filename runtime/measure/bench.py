"""How fast do models run? Several of them side by side, taking turns, so that a machine's moods hit all alike."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import openvino as ov

from i3d_edge.core.errors import SpecError
from i3d_edge.core.progress import track
from i3d_edge.core.spec import NUMPY_TYPES
from i3d_edge.runtime.inference.engine import Engine

WARM_UP = 2
_SEED = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """One model's times.

    Attributes:
        engine: What ran.
        clip_ms: Wall time per clip of each round: an inference in latency mode; in throughput mode a round's time
            divided by its clips. Unit: milliseconds.
    """

    engine: Engine
    clip_ms: tuple[float, ...]

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of `clip_ms`; 50 is the median."""
        return float(np.percentile(self.clip_ms, percent))

    @property
    def clips_per_s(self) -> float:
        """Clips a second, from the median."""
        return 1000 / self.percentile_ms(50)


@dataclass(frozen=True, slots=True)
class LayerTime:
    """One layer of a compiled model: median time in milliseconds, and the kernel that ran it."""

    name: str
    kind: str
    kernel: str
    median_ms: float


def bench(engines: Mapping[str, Engine], *, rounds: int) -> dict[str, Timing]:
    """Time models in turns, after a warm-up, on random pixels.

    No progress is drawn during a round; only between rounds.

    Args:
        engines: By name; all in the same mode, each of one RGB input.
        rounds: How often each model is timed.

    Raises:
        SpecError: If a model has several inputs.
    """
    clips = {name: _pixels(engine) for name, engine in engines.items()}
    for name, engine in engines.items():
        for _ in range(WARM_UP):
            _round_ms(engine, clips[name])
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in track(range(rounds), total=rounds, title="timing", unit="round"):
        for name, engine in engines.items():
            times[name].append(_round_ms(engine, clips[name]))
    return {name: Timing(engine, tuple(times[name])) for name, engine in engines.items()}


def layer_times(engine: Engine, *, rounds: int) -> list[LayerTime]:
    """Return the time of each layer, slowest first. The engine must have been made with `profile`.

    Raises:
        SpecError: If the model has several inputs.
    """
    request = engine.compiled.create_infer_request()
    clip = _pixels(engine)
    samples: dict[str, list[float]] = {}
    kernels: dict[str, tuple[str, str]] = {}
    for number in range(WARM_UP + rounds):
        request.infer(clip)
        for layer in request.profiling_info if number >= WARM_UP else ():
            if layer.status == ov.ProfilingInfo.Status.EXECUTED:
                samples.setdefault(layer.node_name, []).append(layer.real_time.total_seconds() * 1000)
                kernels[layer.node_name] = (layer.node_type, layer.exec_type)
    layers = [LayerTime(name, *kernels[name], float(np.median(taken))) for name, taken in samples.items()]
    return sorted(layers, key=lambda layer: -layer.median_ms)


def ratios(timings: Sequence[Timing]) -> list[float]:
    """Return how many times faster than the first each model is: the median over rounds of the quotient."""
    first = np.array(timings[0].clip_ms)
    return [float(np.median(first / np.array(timing.clip_ms))) for timing in timings]


def _pixels(engine: Engine) -> npt.NDArray[np.generic]:
    spec = engine.spec
    if len(spec.inputs) != 1:
        raise SpecError(f"model must have one input to be timed; got {spec.title()}")
    pixels = np.random.default_rng(_SEED).integers(0, 256, spec.clip_shape, dtype=np.uint8)
    [name] = spec.inputs
    return pixels.astype(NUMPY_TYPES[spec.element_type(name)], copy=False)


def _round_ms(engine: Engine, clip: npt.NDArray[np.generic]) -> float:
    if engine.mode == "latency":
        started = time.perf_counter()
        engine.compiled(clip)
        return (time.perf_counter() - started) * 1000 / engine.spec.batch
    queue = ov.AsyncInferQueue(engine.compiled)
    num_runs = 2 * len(queue)
    started = time.perf_counter()
    for _ in range(num_runs):
        queue.start_async(clip)
    queue.wait_all()
    return (time.perf_counter() - started) * 1000 / (num_runs * engine.spec.batch)
