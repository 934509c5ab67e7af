"""I3D weights as a pickle of Flax variables, read without trusting it, under DeepMind's names."""

import io
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy._core.multiarray import _reconstruct

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointVariablesError
from i3d_edge.freeze import inception_i3d

_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_LAYERS = ("Conv_0", "BatchNorm_0")
_LEAVES = {"kernel": "conv_3d/w", "mean": "batch_norm/moving_mean", "var": "batch_norm/moving_variance"}
_MISNAMED = {"Mixed_5b/Branch_2/Conv3d_0b_3x3": "Mixed_5b/Branch_2/Conv3d_0a_3x3"}
"""Flax's names follow the rule; one of DeepMind's does not."""


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ADMITTED[module, name]


def read_flax_weights(data: bytes) -> dict[str, Float32Array]:
    """Read a pickle of nested dictionaries of arrays, by DeepMind's names below the scope; nothing else is carried out.

    Raises CheckpointDamagedError if it is cut off or asks for anything but arrays, CheckpointVariablesError if these
    are not an RGB I3D's of 400 classes.
    """
    try:
        tree = _ArraysOnly(io.BytesIO(data)).load()
    except Exception as error:  # a broken pickle raises whatever its instructions lead to
        raise CheckpointDamagedError(f"the weights are not a pickle of NumPy arrays: {error}") from error
    found = {_name(path): values for path, values in _leaves(tree, ())}
    shapes = inception_i3d.variable_shapes(3, 400)
    if found.keys() != shapes.keys():
        raise CheckpointVariablesError(
            f"the weights have {len(found.keys() & shapes.keys())} of the {len(shapes)} variables of an I3D"
        )
    for name, shape in shapes.items():
        values = found[name]
        if not isinstance(values, np.ndarray) or values.dtype != np.float32 or values.size != np.prod(shape):
            raise CheckpointVariablesError(f"variable {name} is not float32 {shape}")
    return {name: np.ascontiguousarray(found[name]).reshape(shape) for name, shape in shapes.items()}


def _leaves(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    else:
        yield path, tree


def _name(path: tuple[str, ...]) -> str:
    unit = "/".join(part for part in path[1:-1] if part not in _LAYERS)
    leaf = path[-1] if path else ""
    if leaf == "bias":
        leaf = "conv_3d/b" if unit == inception_i3d.LOGITS_UNIT else "batch_norm/beta"
    return f"{_MISNAMED.get(unit, unit)}/{_LEAVES.get(leaf, leaf)}"
