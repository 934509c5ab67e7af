"""Golden answers: an IR's answers to the golden clips, and how far another machine's answers are from them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import BundleError
from i3d_edge.core.numbers import relative_difference
from i3d_edge.core.schema import Format
from i3d_edge.runtime.bundle.manifest import GOLDEN
from i3d_edge.runtime.frames.generated import GOLDEN_CLIPS, golden_pixels, sha256_pixels, to_feeds
from i3d_edge.runtime.inference.answers import to_probabilities
from i3d_edge.runtime.inference.devices import compile_model
from i3d_edge.runtime.inference.executed import executed_precision
from i3d_edge.runtime.inference.ir import read_ir

REFERENCE_DEVICE = "CPU"
_MAX_SEED = 1 << 16
_MAX_ANSWERS = 16
"""Of one model: each is an inference. A bundle has one for each of `GOLDEN_CLIPS`."""
_F32_DIGITS = 9
"""Decimal digits that tell one float32 from the next."""


@dataclass(frozen=True, slots=True)
class GoldenAnswer:
    """The expected answer to one clip."""

    pattern: str  # this and `seed`: of the clip, see `golden_pixels`
    seed: int
    sha256: Mapping[str, str]  # of its pixels, by input
    probabilities: Float32Array  # shape (N, num_classes), float32

    def to_fields(self) -> dict[str, Any]:
        """Return the answer as plain JSON values."""
        return {
            "pattern": self.pattern,
            "seed": self.seed,
            "sha256": dict(self.sha256),
            "probabilities": [[float(f"{value:.{_F32_DIGITS}g}") for value in row] for row in self.probabilities],
        }


@dataclass(frozen=True, slots=True)
class GoldenRun:
    """One device's answers to all clips."""

    precision: str  # what most convolutions ran in
    answers: tuple[GoldenAnswer, ...]


def run_golden(
    ir_path: Path,
    *,
    device: str = REFERENCE_DEVICE,
    inference_precision: str | None = None,
    is_reference: bool = False,
    clips: Sequence[tuple[str, int]] = tuple(GOLDEN_CLIPS.items()),
) -> GoldenRun:
    """Run the golden clips through an IR; raises IRError or DeviceError.

    A reference computes in f32 whatever the IR, also what is quantized: the values of an INT8 IR are rounded to their
    256 levels, but multiplied as floats, which every CPU does alike.
    """
    model, spec = read_ir(ir_path)
    properties = {"PERFORMANCE_HINT": "LATENCY"}
    if inference_precision is not None:
        properties["INFERENCE_PRECISION_HINT"] = inference_precision
    if is_reference:
        properties |= {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}
    compiled = compile_model(model, device, properties)
    answers = []
    for pattern, seed in clips:
        pixels = golden_pixels(spec, pattern, seed)
        probabilities = to_probabilities(compiled(to_feeds(pixels, spec))[spec.head.output], spec)
        hashes = {name: sha256_pixels(clip) for name, clip in pixels.items()}
        answers.append(GoldenAnswer(pattern, seed, hashes, probabilities))
    return GoldenRun(executed_precision(compiled), tuple(answers))


def largest_difference(expected: Sequence[GoldenAnswer], got: Sequence[GoldenAnswer]) -> float:
    """Return the largest difference of two logits, as a part of the largest, of all clips; infinite for NaN."""
    pairs = [(a.probabilities, b.probabilities) for a, b in zip(expected, got, strict=True)]
    if not all(np.isfinite(b).all() for _, b in pairs):
        return float("inf")
    return max(relative_difference(a, b) for a, b in pairs)


def count_same_top1(expected: Sequence[GoldenAnswer], got: Sequence[GoldenAnswer]) -> int:
    """Return how many answers have the expected best class."""
    pairs = zip(expected, got, strict=True)
    return sum(int((a.probabilities.argmax(axis=-1) == b.probabilities.argmax(axis=-1)).sum()) for a, b in pairs)


def to_bytes(answers: Mapping[str, Sequence[GoldenAnswer]]) -> bytes:
    """Return the file's bytes: JSON, by name of the model."""
    fields = {name: [item.to_fields() for item in items] for name, items in answers.items()}
    return (json.dumps(fields, sort_keys=True) + "\n").encode("ascii")


class _AnswerFields(msgspec.Struct):
    """A golden answer as it lies in JSON."""

    pattern: str
    seed: Annotated[int, msgspec.Meta(ge=0, lt=_MAX_SEED)]
    sha256: dict[str, str]
    probabilities: list[list[Annotated[float, msgspec.Meta(ge=0, le=2)]]]  # beyond 1 by rounding


_Answers = Annotated[tuple[_AnswerFields, ...], msgspec.Meta(max_length=_MAX_ANSWERS)]
_FORMAT = Format(kind=dict[str, _Answers], noun=f"entry {GOLDEN!r}", error=BundleError)


def from_bytes(data: bytes) -> dict[str, tuple[GoldenAnswer, ...]]:
    """Read what `to_bytes` returns; raises BundleError if it is not that."""
    return {name: tuple(_answer(item) for item in items) for name, items in _FORMAT.decode(data).items()}


def _answer(item: _AnswerFields) -> GoldenAnswer:
    try:
        probabilities = np.asarray(item.probabilities, np.float32)
    except ValueError as error:
        raise BundleError(f"entry {GOLDEN!r} is damaged: {error}") from error
    return GoldenAnswer(item.pattern, item.seed, item.sha256, probabilities)
