"""What a model answers, as probabilities."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import IRError
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec

_TOLERANCE = 0.05
"""How far probabilities may be from being positive and summing to 1: bf16 keeps 8 bits of each."""


class Answer(np.ndarray[Any, np.dtype[np.float32]]):
    """What a model says of one clip: probabilities, shape (num_classes,), float32, summing to 1.

    Attributes:
        extras: What else the engine was asked for, by name, each float32, see `head.Extra`; without the axis N.
    """

    extras: Mapping[str, Float32Array] = MappingProxyType({})


def to_probabilities(output: Array, spec: ModelSpec) -> Float32Array:
    """Return outputs, (N, num_classes), as float32 probabilities; raises IRError if they are none; NaN passes."""
    values = np.array(output, np.float32)
    if spec.head.kind == "logits":
        return np.asarray(softmax(values), np.float32)
    lowest, sums = values.min(), values.sum(axis=-1)
    if lowest < -_TOLERANCE or (np.abs(sums - 1) > _TOLERANCE).any():
        raise IRError(
            f"the model's description says that output {spec.head.output!r} holds probabilities; its lowest value is "
            f"{lowest:.3g}, and they sum to {sums[0]:.3g}",
            hint='if they are logits, the description must say "kind": "logits"',
        )
    return values
