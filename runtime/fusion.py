"""How the views of a video become one answer."""

from __future__ import annotations

import numpy as np

from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import Fusion

_SMALLEST = float(np.finfo(np.float32).tiny)


def fuse(fusion: Fusion, probabilities: FloatArray) -> FloatArray:
    """Combine the views of one video.

    Args:
        fusion: "probabilities" takes the mean of probabilities; "logits" the softmax of the mean of logits, so that a
            class that one view excludes is out. Log-probabilities stand for logits: they differ by a constant of the
            view, which drops out of the softmax. A probability that float32 holds as 0 counts as the smallest that it
            holds in full.
        probabilities: Shape (num_views, num_classes).

    Returns:
        Probabilities, shape (num_classes,).

    Example:
        Views [0.8, 0.2] and [0.5, 0.5] -> probabilities [0.65, 0.35]; logits [2/3, 1/3], since the mean of ln 4 and 0
        is ln 2.
    """
    if fusion == "probabilities":
        return np.asarray(np.mean(probabilities, axis=0))
    return softmax(np.mean(np.log(np.maximum(probabilities, _SMALLEST)), axis=0))
