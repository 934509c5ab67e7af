"""Logits, probabilities, and how far two answers of a network are apart."""

import numpy as np

from i3d_edge.core.arrays import FloatArray

LEAST_PROBABILITY = 1e-30
"""What a probability of 0 counts as where its logarithm is taken."""


def softmax(logits: FloatArray) -> FloatArray:
    """Return probabilities over the last axis, in the dtype of the logits."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def centred_logits(probabilities: FloatArray) -> FloatArray:
    """Return the logits that give these probabilities, shifted to a mean of 0 over the last axis.

    Probabilities that saturate hide errors; logits do not, and a shift of all of them changes nothing.
    """
    logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    return np.asarray(logits - logits.mean(axis=-1, keepdims=True))


def relative_difference(expected: FloatArray, got: FloatArray) -> float:
    """Return the largest difference of logits as a part of the largest expected; probabilities (..., num_classes)."""
    reference = centred_logits(expected)
    return float(np.abs(centred_logits(got) - reference).max() / np.abs(reference).max())
