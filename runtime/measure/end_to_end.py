"""How fast are videos classified from file to answer, and how fast could they be on these cores?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import ClipShapeError, VideoError
from i3d_edge.core.processor import usable_cpus
from i3d_edge.core.timing import elapsed_ms
from i3d_edge.runtime.classifier import VideoClassifier
from i3d_edge.runtime.inference.engine import Engine, Mode
from i3d_edge.runtime.inference.inputs import Inputs, model_inputs
from i3d_edge.runtime.views.clip import read_clips

_WARM_UP = 4


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """What a pass over videos took, one centre clip each.

    Attributes:
        num_videos: That were classified; those that cannot be are left out of all figures.
        mode: How inferences ran, "throughput" as `i3d classify` runs several videos.
        wall_s: From the first video's opening to the last answer.
        decode_cpu_s: Processor time of reading, decoding, converting and resizing, alone, all videos.
        model_cpu_s: Processor time of as many inferences, alone.
        model_wall_s: Their wall time.
        num_cores: That this process may use.
    """

    num_videos: int
    mode: Mode
    wall_s: float
    decode_cpu_s: float
    model_cpu_s: float
    model_wall_s: float
    num_cores: int

    @property
    def bound_s(self) -> float:
        """The shortest wall time possible: all processor time, shared evenly by the cores."""
        return (self.decode_cpu_s + self.model_cpu_s) / self.num_cores


def time_end_to_end(
    ir_path: Path,
    videos: Sequence[Path],
    *,
    device: str = "CPU",
    inference_precision: str | None = None,
    mode: Mode = "throughput",
) -> EndToEnd:
    """Time videos through a classifier, and the two halves of the work alone.

    Args:
        ir_path: The IR's .xml. For one that takes flow, computing it counts as decoding.
        videos: One centre clip of each.
        device: An OpenVINO device.
        inference_precision: "f32", "bf16" or "f16"; None leaves it to the device.
        mode: How inferences run, in the pass and alone.

    Raises:
        ClipShapeError: If none of the videos can be classified.
    """
    with VideoClassifier(ir_path, device=device, inference_precision=inference_precision, mode=mode) as classifier:
        spec = classifier.spec
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
            raise ClipShapeError(f"none of the {len(videos)} videos can be classified")
        _infer(classifier.engine, clip, _WARM_UP)
        started, num_clips = time.process_time(), len(good)
        model_ms = elapsed_ms(lambda: _infer(classifier.engine, clip, num_clips))
        model_cpu_s = time.process_time() - started
        wall_ms = elapsed_ms(lambda: list(classifier.classify_all(good)))
    return EndToEnd(
        num_videos=num_clips,
        mode=mode,
        wall_s=wall_ms / 1000,
        decode_cpu_s=decode_cpu_s,
        model_cpu_s=model_cpu_s,
        model_wall_s=model_ms / 1000,
        num_cores=usable_cpus(),
    )


def _infer(engine: Engine, clip: Inputs, num_clips: int) -> None:
    for _ in engine.answers((number, clip) for number in range(num_clips)):
        pass
