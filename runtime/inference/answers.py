"""What a model answers, as probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec

Float32Array = npt.NDArray[np.float32]


def to_probabilities(output: npt.NDArray[Any], spec: ModelSpec) -> Float32Array:
    """Return an array of the model's output as probabilities, float32; shape (N, num_classes) in and out."""
    values = np.array(output, np.float32)
    return np.asarray(softmax(values), np.float32) if spec.head.kind == "logits" else values
