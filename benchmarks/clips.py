"""What engines take a clip as, and what becomes of their answers."""

from __future__ import annotations

import numpy as np

from benchmarks.rival import Float32Array, UInt8Array
from i3d_edge.core.spec import ModelSpec

_LEAST_PROBABILITY = 1e-30


def normalised(clip: UInt8Array, spec: ModelSpec) -> Float32Array:
    """Return a clip, shape (D, H, W, 3), as a batch of one, NDHWC, float32, in [-1, 1]."""
    result: Float32Array = (clip[np.newaxis].astype(np.float32) - np.float32(spec.mean)) / np.float32(spec.scale)
    return result


def ndhwc_to_ncdhw(batch: Float32Array) -> Float32Array:
    """Return a batch with its channels before its frames, as PyTorch and ONNX order them."""
    return np.ascontiguousarray(batch.transpose(0, 4, 1, 2, 3))


def softmax(logits: Float32Array) -> Float32Array:
    """Return probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Float32Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


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
