"""What a model answers, as probabilities."""

from __future__ import annotations

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec


def to_probabilities(output: Array, spec: ModelSpec) -> Float32Array:
    """Return an array of the model's output as probabilities, float32; shape (N, num_classes) in and out."""
    values = np.array(output, np.float32)
    return np.asarray(softmax(values), np.float32) if spec.head.kind == "logits" else values
