"""PyTorch's files: a pickle that refers to storages, which lie beside it in a ZIP or, before PyTorch 1.6, after it.

Source of both layouts: PyTorch's `torch/serialization.py`.
"""

from __future__ import annotations

import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from i3d_edge.core.arrays import Array
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointFormError

_BFLOAT16 = "BFloat16Storage"
_TYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    _BFLOAT16: "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_ZIP_HEAD, _PICKLE_HEAD = b"PK\3\4", b"\x80\2"
_INERT = ("torch", "numpy", "mmengine", "mmcv", "mmaction", "argparse", "collections", "copyreg", "datetime", "_codecs")
"""Packages whose objects stand beside weights, in notes on the training; what is made of them does nothing."""


class _Storage:
    """Numbers that tensors are views of."""

    def __init__(self, kind: str, length: int) -> None:
        self.kind, self.length, self.values = kind, length, np.empty(0)

    def fill(self, data: bytes) -> None:
        values = np.frombuffer(data, _TYPES[self.kind])
        if len(values) != self.length:
            raise CheckpointDamagedError(f"a storage has {len(values):,} numbers instead of {self.length:,}")
        self.values = (values.astype("<u4") << 16).view("<f4") if self.kind == _BFLOAT16 else values


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self) -> Array:
        values = self.storage.values
        if not (size := math.prod(self.shape)):
            return np.empty(self.shape, values.dtype)
        last = self.offset + sum((length - 1) * step for length, step in zip(self.shape, self.strides, strict=True))
        if min(self.offset, *self.strides, *self.shape, 0) < 0 or max(size - 1, last) >= values.size:
            raise CheckpointDamagedError(f"a tensor of shape {self.shape} does not lie in its storage")
        steps = [step * values.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps)


class _Inert:
    """Whatever a file makes of a class or function that it names: takes everything, does nothing."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> _Inert:
        return object.__new__(cls)

    def append(self, *_args: Any) -> None:
        """Take what pickles give to objects."""

    extend = __setitem__ = __setstate__ = append


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_rest: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_rest: tensor,
    ("collections", "OrderedDict"): OrderedDict,
    **{("torch", kind): kind for kind in _TYPES},
}


# Python's own unpickler, not the one in C, which believes a memo index and allocates memory for it.
class _TensorsOnly(pickle._Unpickler):
    def __init__(self, stream: BytesIO, storages: dict[str, _Storage]) -> None:
        super().__init__(stream, encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ADMITTED:
            return _ADMITTED[module, name]
        if module.partition(".")[0] in _INERT or (module, name) in (("builtins", "set"), ("__builtin__", "set")):
            return _Inert
        raise CheckpointFormError(
            f"it asks for {module}.{name}, and nothing but tensors is read from a pickle",
            hint="a file of weights asks for no code: do not load this one elsewhere",
        )

    def persistent_load(self, pid: Any) -> _Storage:
        what, kind, key, _device, length, *view = pid
        if what != "storage" or kind not in _TYPES or view not in ([], [None]):
            raise CheckpointFormError(f"it has a storage of an unknown form: {what} {kind}")
        return self._storages.setdefault(str(key), _Storage(kind, int(length)))


def read_torch(data: bytes) -> dict[str, Array]:
    """Return the tensors of a state dict, alone or under the key "state_dict"; bfloat16 becomes float32.

    Raises CheckpointFormError if it is none or asks for code, or CheckpointDamagedError; other exceptions mean that,
    too.
    """
    if not data.startswith((_ZIP_HEAD, _PICKLE_HEAD)):
        raise CheckpointFormError("it is no PyTorch file: it starts neither as a ZIP nor as a pickle")
    document = _read_zip(data) if data.startswith(_ZIP_HEAD) else _read_legacy(BytesIO(data))
    state = document.get("state_dict", document) if isinstance(document, dict) else {}
    return {name: value.read() for name, value in state.items() if isinstance(value, _Tensor)}


def _read_zip(data: bytes) -> Any:
    storages: dict[str, _Storage] = {}
    if not zipfile.is_zipfile(BytesIO(data)):
        raise CheckpointDamagedError("its ZIP has no end: it is cut off")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise CheckpointFormError("it is a ZIP of compressed files, which PyTorch does not write")
        if sum(entry.file_size for entry in entries) > len(data):
            raise CheckpointDamagedError("its parts are longer than the file")
        names = [entry.filename for entry in entries if entry.filename.endswith("/data.pkl")]
        if len(names) != 1:
            raise CheckpointFormError("it is a ZIP without one data.pkl, so not PyTorch's")
        root = names[0].removesuffix("data.pkl")
        if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
            raise CheckpointFormError("its numbers are big-endian")
        document = _TensorsOnly(BytesIO(archive.read(names[0])), storages).load()
        for key, storage in storages.items():
            storage.fill(archive.read(f"{root}data/{key}"))
    return document


def _read_legacy(stream: BytesIO) -> Any:
    storages: dict[str, _Storage] = {}
    if _TensorsOnly(stream, storages).load() != _LEGACY_MAGIC:
        raise CheckpointFormError("it is a pickle, but not PyTorch's")
    _protocol, _system, document, keys = (_TensorsOnly(stream, storages).load() for _ in range(4))
    for key in keys:
        storage = storages[key]
        if struct.unpack("<q", stream.read(8)) != (storage.length,):
            raise CheckpointDamagedError(f"storage {key} has another length than its tensors state")
        storage.fill(stream.read(storage.length * np.dtype(_TYPES[storage.kind]).itemsize))
    return document
