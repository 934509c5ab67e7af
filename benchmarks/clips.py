"""What engines take a clip as."""

from __future__ import annotations

import numpy as np

from benchmarks.rival import Float32Array, UInt8Array
from i3d_edge.core import normalisation
from i3d_edge.core.spec import ModelSpec


def normalised(clip: UInt8Array, spec: ModelSpec) -> Float32Array:
    """Return a clip, shape (D, H, W, 3), RGB, as a batch of one, NDHWC, float32, normalised for the model's input."""
    [port] = spec.inputs.values()
    return normalisation.normalised(normalisation.ordered(clip[np.newaxis], port), port)


def ndhwc_to_ncdhw(batch: Float32Array) -> Float32Array:
    """Return a batch with its channels before its frames, as PyTorch and ONNX order them."""
    return np.ascontiguousarray(batch.transpose(0, 4, 1, 2, 3))
