"""MXNet's .params files. Source of the layout: MXNet's `src/ndarray/ndarray.cc`."""

import struct
from typing import Any

import numpy as np

from i3d_edge.core.arrays import Array
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointFormError

_HEAD = struct.pack("<QQ", 0x112, 0)
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_TYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")
_MAX_AXES = 32


def read_mxnet(data: bytes) -> dict[str, Array]:
    """Return the arrays of a .params file by name, without the "arg:" and "aux:" of exported networks.

    Raises CheckpointFormError if it is none, or CheckpointDamagedError; other exceptions mean that, too.
    """
    if not data.startswith(_HEAD):
        raise CheckpointFormError("it is no MXNet .params file: it does not start as one")
    source = _Source(data, len(_HEAD))
    arrays = [_read_array(source) for _ in range(source.number("Q"))]
    names = [source.text() for _ in range(source.number("Q"))]
    if len(set(names)) != len(arrays) or len(names) != len(arrays):
        raise CheckpointDamagedError(f"it has {len(arrays)} arrays and {len(set(names))} names")
    return {name.removeprefix("arg:").removeprefix("aux:"): array for name, array in zip(names, arrays, strict=True)}


class _Source:
    """Bytes, read from front to back."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place

    def numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self._data, self._place)
        self._place += struct.calcsize(f"<{form}")
        return found

    def number(self, form: str) -> int:
        return int(self.numbers(form)[0])

    def text(self) -> str:
        return bytes(self.array("u1", (self.number("Q"),))).decode()

    def array(self, dtype: str, shape: tuple[int, ...]) -> Array:
        count = int(np.prod(shape, dtype=object))
        values = np.frombuffer(self._data, dtype, count, self._place) if count else np.empty(0, dtype)
        self._place += values.nbytes
        return values.reshape(shape)


def _read_array(source: _Source) -> Array:
    magic = source.number("I")
    if magic in (_V2, _V3) and source.number("i") != 0:
        raise CheckpointFormError("it has a sparse array")
    num_axes = source.number("I") if magic in (_V1, _V2, _V3) else magic  # the oldest files start with the axes
    if num_axes > _MAX_AXES:
        raise CheckpointDamagedError(f"it has an array of {num_axes} axes")
    shape = source.numbers(f"{num_axes}{'q' if magic in (_V1, _V2, _V3) else 'I'}")
    if min(shape, default=0) < 0:
        raise CheckpointDamagedError(f"it has an array of shape {shape}")
    _device, _number, kind = source.numbers("iii")
    if not 0 <= kind < len(_TYPES):
        raise CheckpointFormError(f"it has an array of the unknown type {kind}")
    return source.array(_TYPES[kind], shape)
