"""How far two answers of a network are apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

_LEAST_PROBABILITY = 1e-30


def centred_logits(probabilities: Float32Array) -> Float32Array:
    """Return the logits that give these probabilities, shifted to a mean of zero.

    Probabilities that saturate hide errors; logits do not, and a shift of all of them changes nothing.
    """
    logits = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))
    result: Float32Array = logits - logits.mean(axis=-1, keepdims=True)
    return result


def difference(expected: Float32Array, got: Float32Array) -> float:
    """Return the largest difference of two logits as a part of the largest expected one.

    Args:
        expected: Probabilities, shape (..., num_classes).
        got: Of the same shape.
    """
    reference = centred_logits(expected)
    return float(np.abs(centred_logits(got) - reference).max() / np.abs(reference).max())
