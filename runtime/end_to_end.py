"""How fast are videos classified from file to answer, and how fast could they be on these cores?"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.errors import ClipShapeError, VideoError
from runtime.classifier import VideoClassifier
from runtime.clip import read_clips
from runtime.engine import Engine
from runtime.inputs import model_inputs

_MODEL_ROUNDS = 10
_WARM_UP = 2


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """What a pass over videos took, one centre clip each.

    Attributes:
        num_videos: That were classified; those that cannot be are left out of all figures.
        wall_s: From the first video's opening to the last answer.
        decode_cpu_s: Processor time of reading, decoding, converting and resizing, alone, all videos.
        model_cpu_s: Processor time of as many inferences, alone.
        model_wall_s: Their wall time, one after the other.
        num_cores: That this process may use.
    """

    num_videos: int
    wall_s: float
    decode_cpu_s: float
    model_cpu_s: float
    model_wall_s: float
    num_cores: int

    @property
    def bound_s(self) -> float:
        """The shortest wall time possible: all processor time, shared evenly by the cores."""
        return (self.decode_cpu_s + self.model_cpu_s) / self.num_cores


def time_end_to_end(ir_path: Path, videos: Sequence[Path], *, device: str = "CPU") -> EndToEnd:
    """Time videos through a classifier, and the two halves of the work alone.

    Args:
        ir_path: The IR's .xml. For one that takes flow, computing it counts as decoding.
        videos: One centre clip of each.
        device: An OpenVINO device.

    Raises:
        ClipShapeError: If none of the videos can be classified.
    """
    engine = Engine(ir_path, device=device)
    spec = engine.spec
    good, decode_cpu_s, clip = [], 0.0, None
    for path in videos:
        started = time.process_time()
        try:
            clip = model_inputs(read_clips(path, spec).clips[0], spec)
        except VideoError:
            continue
        decode_cpu_s += time.process_time() - started
        good.append(path)
    if clip is None:
        raise ClipShapeError(f"videos must hold one that can be classified; got {len(videos)} that cannot")
    for _ in range(_WARM_UP):
        engine.probabilities(clip)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(_MODEL_ROUNDS):
        engine.probabilities(clip)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with VideoClassifier(ir_path, device=device) as classifier:
        started = time.perf_counter()
        for _ in classifier.classify_all(good):
            pass
        elapsed = time.perf_counter() - started
    return EndToEnd(
        num_videos=len(good),
        wall_s=elapsed,
        decode_cpu_s=decode_cpu_s,
        model_cpu_s=cpu / _MODEL_ROUNDS * len(good),
        model_wall_s=wall / _MODEL_ROUNDS * len(good),
        num_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )
