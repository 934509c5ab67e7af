"""How the views of a video become the video's probabilities, by the names that protocols give it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.errors import ResultError
from i3d_edge.core.spec import Fusion
from i3d_edge.runtime.fusion import fuse

MEAN_OF_PROBABILITIES = "mean of probabilities"
MEAN_OF_LOGITS = "mean of logits"
INSIDE_THE_NETWORK = "mean of logits over time, inside the network"

_FUSIONS: Mapping[str, Fusion] = {MEAN_OF_PROBABILITIES: "probabilities", MEAN_OF_LOGITS: "logits"}


def aggregate(name: str, probabilities: FloatArray) -> FloatArray:
    """Combine the views of one video, shape (num_views, num_classes), into (num_classes,); see `runtime.fusion.fuse`.

    Raises:
        ResultError: If no aggregation has that name, or there are several views where the network combines them.
    """
    if name == INSIDE_THE_NETWORK:
        if len(probabilities) != 1:
            raise ResultError(f"a video has {len(probabilities)} views, but the network combines them into one")
        return np.asarray(probabilities[0])
    if name not in _FUSIONS:
        known = ", ".join(map(repr, (*_FUSIONS, INSIDE_THE_NETWORK)))
        raise ResultError(f"unknown aggregation {name!r}; available: {known}")
    return fuse(_FUSIONS[name], probabilities)
