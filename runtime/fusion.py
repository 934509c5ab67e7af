"""How the views of a video become one answer."""

import numpy as np

from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import Fusion

_SMALLEST = float(np.finfo(np.float32).tiny)


def fuse(fusion: Fusion, probabilities: FloatArray) -> FloatArray:
    """Combine the views of one video, probabilities of shape (num_views, num_classes), into shape (num_classes,).

    "probabilities" takes their mean; "logits" the softmax of the mean of logits, so that a class that one view excludes
    is out. Log-probabilities stand for logits: they differ by a constant of the view, which drops out of the softmax.
    """
    if fusion == "probabilities":
        return np.asarray(np.mean(probabilities, axis=0))
    return softmax(np.mean(np.log(np.maximum(probabilities, _SMALLEST)), axis=0))
