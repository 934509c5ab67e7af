"""Checkpoints made for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from i3d_edge.freeze._tensorflow import tf


def save(prefix: Path, variables: Mapping[str, np.ndarray]) -> Path:
    """Write variables as a TensorFlow checkpoint and return its prefix."""
    names = sorted(variables)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(variables[name]) for name in names],
    )
    return prefix


def random_values(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Return random float32 variables of realistic scale for a network's names and shapes."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, shape in shapes.items():
        if name.endswith("moving_variance"):
            values[name] = rng.uniform(0.5, 2, shape)
        elif len(shape) == 5 and shape[0] == shape[1] == shape[2] and name.endswith("/w"):
            values[name] = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        else:
            values[name] = rng.normal(0, 0.1, shape)
    return {name: value.astype(np.float32) for name, value in values.items()}
