"""How the first convolution is folded, by what a CPU has been measured, or is expected, to run fastest."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

Fold = Literal["dhw", "hw", "h"]
"""The axes along which blocks of the input are laid side by side as channels."""

CpuKind = Literal["amx", "bf16", "vnni", "avx2"]
"""A CPU by the newest of the instructions that matter here."""


class BestFold(NamedTuple):
    """The fold of FP32 and FP16 IRs, and that of INT8 IRs; None leaves the convolution as it is."""

    floats: Fold | None
    int8: Fold | None


BEST_FOLD: Mapping[CpuKind, BestFold] = {
    "amx": BestFold("dhw", "dhw"),
    # h is faster by 4 % in bf16, but an INT8 IR that is made of it is slower by 6 %.
    "bf16": BestFold("hw", "hw"),
    "vnni": BestFold(None, "hw"),
    "avx2": BestFold(None, "hw"),
}
"""Source: docs/background/performance.md; "amx" is not measured there."""

_NEWEST: Mapping[CpuKind, str] = {"amx": "AMX", "bf16": "AVX-512 bf16", "vnni": "VNNI"}


def cpu_kind(features: Collection[str]) -> CpuKind:
    """Return the kind of a CPU, given `Processor.features`."""
    text = ", ".join(features)
    return next((kind for kind, word in _NEWEST.items() if word in text), "avx2")
