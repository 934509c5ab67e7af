"""The proof of a step model: what it answers step by step, against the window network that it was made from."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import openvino as ov

from i3d_edge.convert.logits import open_in_f32, run_logits
from i3d_edge.convert.parity import ClipParity, compare
from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import ParityError
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec, Stepping
from i3d_edge.runtime.frames.generated import GOLDEN_CLIPS, golden_pixels
from i3d_edge.runtime.steps.emitter import emit_steps

BOUND = 1e-4
"""Largest difference of two logits that passes, as a fraction of the largest logit."""

NUM_ANSWERS = 2
"""Consecutive answers that are compared on each clip; two show that what is remembered moves on."""

Pixels = Mapping[str, UInt8Array]


def prove_steps(
    steps: ov.Model, window: ov.Model, spec: ModelSpec, stepping: Stepping, time_axes: Mapping[str, int]
) -> tuple[ClipParity, ...]:
    """Run two generated clips in steps, in float32, and compare consecutive answers.

    Exact steps are compared with the window network, continuous ones with one pass over all frames up to the answer.
    Raises ParityError if an answer differs by more than `BOUND`.
    """
    hop, num_frames = stepping.hop, spec.num_frames
    if stepping.mode == "continuous":
        num_frames = hop * stepping.warm_up
        window = emit_steps(window, time_axes, hop=num_frames, mode="continuous").model
    step_request, window_request = (open_in_f32(model, spec) for model in (steps, window))
    num_steps = stepping.warm_up + NUM_ANSWERS - 1
    longer = replace(spec, num_frames=hop * num_steps)
    found = []
    for pattern, seed in track(list(GOLDEN_CLIPS.items()), total=len(GOLDEN_CLIPS), title="checking", unit="clip"):
        pixels = golden_pixels(longer, pattern, seed)
        got = [run_logits(step_request, _part(pixels, number * hop, hop), spec) for number in range(num_steps)]
        step_request.reset_state()
        expected = []
        for number in range(stepping.warm_up, num_steps + 1):
            expected.append(run_logits(window_request, _part(pixels, number * hop - num_frames, num_frames), spec))
            window_request.reset_state()
        found.append(compare(pattern, np.array(expected), np.array(got[-NUM_ANSWERS:]), bound=BOUND))
    worst = max(found, key=lambda clip: clip.relative_difference)
    if worst.relative_difference > BOUND:
        raise ParityError(
            f"the logits of steps differ from those of windows by {worst.relative_difference:.3g} of the largest on "
            f"the {worst.name} clip (at most {BOUND:g} is allowed)",
            hint="this is a fault of i3d-edge: please report it, with the output of `i3d info` for the model",
        )
    return tuple(found)


def _part(pixels: Pixels, first: int, count: int) -> dict[str, UInt8Array]:
    return {name: clip[:, first : first + count] for name, clip in pixels.items()}
