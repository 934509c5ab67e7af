"""Parity: does the IR compute what the frozen graph computes?

Two generated clips, of waves and of squares that move, run through both in float32. Logits are compared, because
probabilities that saturate hide errors.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov

from i3d_edge.convert.logits import open_in_f32, run_logits
from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.errors import ParityError
from i3d_edge.core.normalisation import normalised
from i3d_edge.core.progress import phase, track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.generated import GOLDEN_CLIPS, golden_pixels

Feeds = Mapping[str, Float32Array]
"""Input name -> array, NDHWC, float32, normalised."""

Reference = Callable[[Path, list[Feeds]], list[Float32Array]]
"""Runs clips through the frozen graph at a path and returns their logits, (N, num_classes) each."""

BOUNDS = {"FP32": 1e-3, "FP16": 1e-2}
"""Largest difference of two logits that passes, as a fraction of the largest logit, by weight precision."""

TOP_K = 5

FROZEN_GRAPH = "the frozen graph"


@dataclass(frozen=True, slots=True)
class ClipParity:
    """How one clip's logits compare."""

    name: str
    max_difference: float  # largest absolute difference of two logits
    max_logit: float  # largest absolute logit of the reference
    # whether the five best classes come in the same order, classes that lie closer together than the bound being free
    # to trade places
    top5_agrees: bool

    @property
    def relative_difference(self) -> float:
        """`max_difference` as a fraction of `max_logit`."""
        return self.max_difference / self.max_logit if self.max_logit else float(self.max_difference > 0)


@dataclass(frozen=True, slots=True)
class ParityReport:
    """The verdict over all clips, against a bound on `relative_difference`; and what the IR was compared with."""

    clips: tuple[ClipParity, ...]
    bound: float
    against: str = FROZEN_GRAPH

    @property
    def passed(self) -> bool:
        """Whether every clip is within the bound and keeps its top-5."""
        return all(clip.relative_difference <= self.bound and clip.top5_agrees for clip in self.clips)


def check_parity(
    ir_path: Path, spec: ModelSpec, graph_path: Path, reference: Reference, *, against: str = FROZEN_GRAPH
) -> ParityReport:
    """Run the generated clips through an IR in float32 and through what it was made from, and compare."""
    clips = generated_pixels(spec)
    with phase(f"checking parity: running {against}"):
        expected = reference(graph_path, list(generated_clips(spec).values()))
    got = _run_ir(ir_path, spec, list(clips.values()))
    bound = BOUNDS[spec.precision or "FP32"]
    return ParityReport(
        tuple(compare(*triple, bound=bound) for triple in zip(clips, expected, got, strict=True)), bound, against
    )


def compare(name: str, expected: Float32Array, got: Float32Array, *, bound: float) -> ClipParity:
    """Compare the logits of one clip, or of a batch of them; shape (..., num_classes)."""
    max_logit = float(np.abs(expected).max())
    return ClipParity(
        name=name,
        max_difference=float(np.abs(expected - got).max()) if np.isfinite(got).all() else float("inf"),
        max_logit=max_logit,
        top5_agrees=_top5_agrees(expected, got, bound * max_logit),
    )


def rejection(report: ParityReport, kept_at: Path) -> ParityError:
    """Return the error for a report that did not pass: the worst clip, and where the IR was kept."""
    worst = max(report.clips, key=lambda clip: (not clip.top5_agrees, clip.relative_difference))
    return ParityError(
        f"the IR's logits differ from {report.against}'s by {worst.relative_difference:.3g} of the largest on the "
        f"{worst.name} clip (at most {report.bound:g} is allowed), "
        f"top-5 {'the same' if worst.top5_agrees else 'different'}",
        hint=f"the IR is kept for inspection: {str(kept_at)!r}",
    )


def generated_pixels(spec: ModelSpec) -> dict[str, dict[str, UInt8Array]]:
    """Return a clip of waves and one of squares, both moving, for every input of a model, by pattern."""
    return {pattern: golden_pixels(spec, pattern, seed) for pattern, seed in GOLDEN_CLIPS.items()}


def generated_clips(spec: ModelSpec) -> dict[str, Feeds]:
    """Return the same clips as the network sees them."""
    return {
        pattern: {name: normalised(pixels, spec.inputs[name]) for name, pixels in clip.items()}
        for pattern, clip in generated_pixels(spec).items()
    }


def _run_ir(ir_path: Path, spec: ModelSpec, clips: list[dict[str, UInt8Array]]) -> list[Float32Array]:
    request = open_in_f32(ov.Core().read_model(ir_path), spec)
    tracked = track(clips, total=len(clips), title="checking parity", unit="clip")
    return [run_logits(request, clip, spec) for clip in tracked]


def _top5_agrees(expected: Float32Array, got: Float32Array, tolerance: float) -> bool:
    """Compare the two orders, position by position, by the reference's own values."""
    best_expected, best_got = (np.argsort(-values, axis=-1, kind="stable")[..., :TOP_K] for values in (expected, got))
    ranked = (np.take_along_axis(expected, best, axis=-1) for best in (best_expected, best_got))
    return bool(np.all(np.abs(np.subtract(*ranked)) <= tolerance))
