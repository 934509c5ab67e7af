"""Graph passes: each makes the model cheaper or easier to feed, and none changes what it computes.

Which ones apply depends on where the IR will run; what was applied is listed in the IR's own description.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, get_args

import openvino as ov

from i3d_edge.convert.passes.layout import fuse_layout
from i3d_edge.convert.passes.lowering import lower_to_2d
from i3d_edge.convert.passes.preprocessing import embed_preprocessing as embed_preprocessing
from i3d_edge.convert.passes.stem import fold_stem
from i3d_edge.core.fold import Fold as Fold

Target = Literal["cpu", "gpu", "vpu", "portable"]

EMBED_PREPROCESSING = "embed-preprocessing"
FUSE_LAYOUT = "fuse-layout"
FOLD_STEM = "fold-stem"
LOWER_TO_2D = "lower-to-2d"

PASSES: Mapping[str, Callable[[ov.Model], str | None]] = {
    FUSE_LAYOUT: fuse_layout,
    **{f"{FOLD_STEM}-{fold}": partial(fold_stem, fold=fold) for fold in get_args(Fold)},
    LOWER_TO_2D: lower_to_2d,
}
"""Passes by name, in the order in which they are applied, after the preprocessing is embedded.

A pass returns None if it applied; one that declines leaves the model as it was and returns why.
"""


def passes_for(target: Target, fold: Fold | None) -> tuple[str, ...]:
    """Return the names of the passes for a target, in order.

    Folding was measured on CPUs only, so other targets go without; fusing the layout removes work anywhere. A VPU gets
    no operator of more than four axes.
    """
    if target == "vpu":
        return (FUSE_LAYOUT, LOWER_TO_2D)
    return (FUSE_LAYOUT, f"{FOLD_STEM}-{fold}") if target == "cpu" and fold else (FUSE_LAYOUT,)
