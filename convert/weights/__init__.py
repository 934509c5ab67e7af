"""Weights that other frameworks saved, read with NumPy alone: PyTorch's .pth and MXNet's .params."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from i3d_edge.convert.weights.mxnet_file import read_mxnet
from i3d_edge.convert.weights.torch_file import read_torch
from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointError, CheckpointFormError, CheckpointMissingError
from i3d_edge.core.file_kind import PYTORCH, foreign_kind
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes

_READERS: Mapping[str, Callable[[bytes], Mapping[str, Array]]] = {".pth": read_torch, ".params": read_mxnet}
"""By suffix, one of `WEIGHT_SUFFIXES`."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """Tensors by their names in the file, floats as float32; and the first 8 digits of the file's hashes."""

    tensors: Mapping[str, Array]
    sha256: str
    sha1: str


def read_weights(path: Path) -> WeightFile:
    """Read weights from a file, of which nothing is carried out; raises CheckpointError if it is no whole one."""
    if (kind := foreign_kind(path)) not in (None, PYTORCH):
        raise CheckpointFormError(f"{str(path)!r} is {kind.title}", hint=kind.remedy)
    try:
        data = read_bytes(path, max_bytes=MAX_MODEL_BYTES)
    except OSError as error:
        raise CheckpointMissingError(f"cannot read weights {str(path)!r}: {error.strerror}") from error
    try:
        tensors = {name: _widened(values) for name, values in _READERS[path.suffix.lower()](data).items()}
    except CheckpointError as error:
        raise type(error)(f"cannot use weights {str(path)!r}: {error.message}", hint=error.hint) from error
    except Exception as error:  # a broken file raises whatever its contents lead to
        raise CheckpointDamagedError(f"weights {str(path)!r} are damaged: {error}", hint="get the file anew") from error
    return WeightFile(tensors, hashlib.sha256(data).hexdigest()[:8], hashlib.sha1(data).hexdigest()[:8])


def _widened(values: Array) -> Array | Float32Array:
    return values.astype(np.float32) if values.dtype.kind == "f" else values
