"""Parity: does the IR compute what the frozen graph computes?

Two generated clips, one that moves and one of noise, run through both in float32. Logits are
compared, because probabilities that saturate hide errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino as ov

from i3d_edge.errors import ParityError
from i3d_edge.spec import LOGITS_NAME, ModelSpec

Float32Array = npt.NDArray[np.float32]
UInt8Array = npt.NDArray[np.uint8]

Reference = Callable[[Path, list[Float32Array]], list[Float32Array]]
"""Runs clips (NDHWC, float32, in [-1, 1]) through the frozen graph at a path and returns their logits."""

BOUNDS = {"FP32": 1e-3, "FP16": 1e-2}
"""Largest difference of two logits that passes, as a fraction of the largest logit, by weight precision."""

TOP_K = 5


@dataclass(frozen=True, slots=True)
class ClipParity:
    """How one clip's logits compare.

    Attributes:
        name: Which generated clip.
        max_difference: Largest absolute difference of two logits.
        max_logit: Largest absolute logit of the reference.
        top5_agrees: Whether the five best classes come in the same order, classes that lie closer
            together than the bound being free to trade places.
    """

    name: str
    max_difference: float
    max_logit: float
    top5_agrees: bool

    @property
    def relative_difference(self) -> float:
        """`max_difference` as a fraction of `max_logit`."""
        return self.max_difference / self.max_logit if self.max_logit else float(self.max_difference > 0)


@dataclass(frozen=True, slots=True)
class ParityReport:
    """The verdict over all clips, against a bound on `relative_difference`."""

    clips: tuple[ClipParity, ...]
    bound: float

    @property
    def passed(self) -> bool:
        """Whether every clip is within the bound and keeps its top-5."""
        return all(clip.relative_difference <= self.bound and clip.top5_agrees for clip in self.clips)


def check_parity(ir_path: Path, spec: ModelSpec, graph_path: Path, reference: Reference) -> ParityReport:
    """Run the generated clips through an IR in float32 and through the frozen graph, and compare.

    Args:
        ir_path: The IR's .xml.
        spec: The IR's.
        graph_path: The frozen graph's .pb.
        reference: Runs the frozen graph.
    """
    pixels = {"moving": moving_clip(spec), "noise": noise_clip(spec)}
    expected = reference(graph_path, [_normalise(clip, spec) for clip in pixels.values()])
    got = _run_ir(ir_path, spec, list(pixels.values()))
    bound = BOUNDS[spec.precision or "FP32"]
    return ParityReport(
        tuple(compare(*triple, bound=bound) for triple in zip(pixels, expected, got, strict=True)), bound
    )


def compare(name: str, expected: Float32Array, got: Float32Array, *, bound: float) -> ClipParity:
    """Compare one clip's logits, each of shape (num_classes,)."""
    max_logit = float(np.abs(expected).max())
    return ClipParity(
        name=name,
        max_difference=float(np.abs(expected - got).max()) if np.isfinite(got).all() else float("inf"),
        max_logit=max_logit,
        top5_agrees=_top5_agrees(expected, got, bound * max_logit),
    )


def require(report: ParityReport, kept_at: Path) -> None:
    """Raise if parity failed.

    Raises:
        ParityError: Names the worst clip and where the IR was kept.
    """
    if not report.passed:
        worst = max(report.clips, key=lambda clip: (not clip.top5_agrees, clip.relative_difference))
        raise ParityError(
            f"IR must give the frozen graph's logits to within {report.bound:g} of the largest and the same top-5; "
            f"got {worst.relative_difference:.3g} on the {worst.name} clip, "
            f"top-5 {'the same' if worst.top5_agrees else 'different'}",
            hint=f"the IR was kept aside for inspection: {str(kept_at)!r}",
        )


def moving_clip(spec: ModelSpec) -> UInt8Array:
    """Return smooth coloured waves that drift: shape (D, H, W, C), uint8, 0..255."""
    size = spec.crop_px
    frame, row, column = np.ogrid[: spec.num_frames, :size, :size]
    waves = [
        np.sin((row * (2 + channel) + column * (5 - channel) + frame * (7 + 2 * channel)) / 29.0)
        + np.sin((row * column) / (400.0 + 90 * channel) - frame / 5.0)
        for channel in range(spec.num_channels)
    ]
    return np.rint(127.5 + 63.5 * np.stack(waves, axis=-1)).astype(np.uint8)


def noise_clip(spec: ModelSpec) -> UInt8Array:
    """Return independent uniform noise from a fixed seed: shape (D, H, W, C), uint8, 0..255."""
    shape = (spec.num_frames, spec.crop_px, spec.crop_px, spec.num_channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _normalise(clip: UInt8Array, spec: ModelSpec) -> Float32Array:
    return ((clip.astype(np.float32) - spec.mean) / spec.scale)[np.newaxis].astype(np.float32)


def _run_ir(ir_path: Path, spec: ModelSpec, clips: list[UInt8Array]) -> list[Float32Array]:
    core = ov.Core()
    model = core.read_model(ir_path)
    if len(model.outputs) == 1:
        model.add_outputs(LOGITS_NAME)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = []
    for clip in clips:
        values = clip[np.newaxis] if spec.input_type == "u8" else _normalise(clip, spec)
        ordered = np.ascontiguousarray(values.transpose(*("NDHWC".index(axis) for axis in spec.layout)))
        results.append(np.array(compiled(ordered)[compiled.output(LOGITS_NAME)][0]))
    return results


def _top5_agrees(expected: Float32Array, got: Float32Array, tolerance: float) -> bool:
    """Compare the two orders, position by position, by the reference's own values."""
    k = min(TOP_K, len(expected))
    best_expected, best_got = (np.argsort(-values, kind="stable")[:k] for values in (expected, got))
    return bool(np.all(np.abs(expected[best_expected] - expected[best_got]) <= tolerance))
