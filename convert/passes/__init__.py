"""Graph passes: each makes the model cheaper or easier to feed, and none changes what it computes.

Which ones apply depends on where the IR will run; what was applied is listed in the IR's own description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import openvino as ov

from convert.passes.outcome import Outcome as Outcome
from convert.passes.preprocessing import embed_preprocessing as embed_preprocessing
from convert.passes.stem import fold_stem

Target = Literal["cpu", "gpu", "vpu", "portable"]

EMBED_PREPROCESSING = "embed-preprocessing"
FOLD_STEM = "fold-stem"

PASSES: Mapping[str, Callable[[ov.Model], Outcome]] = {FOLD_STEM: fold_stem}
"""Passes by name, in the order in which they are applied, after the preprocessing is embedded."""

PASSES_FOR: Mapping[Target, tuple[str, ...]] = {
    "cpu": (FOLD_STEM,),
    "gpu": (),
    "vpu": (),
    "portable": (),
}
"""Passes by target. For GPU and VPU nothing was measured, so nothing is applied."""
