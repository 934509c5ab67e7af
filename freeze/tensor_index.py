"""The `.index` file of a TensorFlow checkpoint: every tensor's name, shape, dtype, place and checksum.

It is read here without TensorFlow, whose Python interface hides the checksums and offsets.

Source: the table format is LevelDB's (`doc/table_format.md`), its values are the messages of
TensorFlow's `tensor_bundle.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import CheckpointDamagedError, DependencyError
from i3d_edge.core.wire import read_message, read_varint

try:
    import cramjam
    import google_crc32c
except ModuleNotFoundError as missing:
    raise DependencyError(
        f"freezing needs {missing.name}; it is not installed", hint="pip install 'i3d-edge[freeze]'"
    ) from missing

_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_PLAIN, _SNAPPY = 0, 1
_CRC_MASK = 0xA282EAD8
_LFS_HEADER = b"version https://git-lfs"

_DTYPES = {1: "float32", 2: "float64", 3: "int32", 7: "string", 9: "int64", 10: "bool", 19: "float16"}
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _CRC = range(1, 7)
"""Fields of a BundleEntryProto."""


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor as the index file describes it.

    Attributes:
        name: Of the variable, with its scope.
        dtype: "float32" and so on.
        shape: Lengths of its axes.
        shard: Number of the data file.
        offset, num_bytes: Where its bytes lie in that file.
        crc32c: Of its bytes, masked as LevelDB masks it.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    shard: int
    offset: int
    num_bytes: int
    crc32c: int


def read_index(index_path: Path) -> dict[str, TensorEntry]:
    """Read every tensor's entry, by name.

    Raises:
        CheckpointDamagedError: If the file is a git-LFS pointer, or not a whole index.
    """
    data = index_path.read_bytes()
    refuse_lfs_pointer(index_path)
    if data[-8:] != _TABLE_MAGIC:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} is truncated or something else: it has no table footer",
            hint="fetch the checkpoint again",
        )
    try:
        return _parse(data)
    except (IndexError, ValueError, cramjam.DecompressionError) as error:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} is damaged: {error}",
            hint="fetch the checkpoint again",
        ) from error


def refuse_lfs_pointer(path: Path) -> None:
    """Raise if a file is the short text that git leaves in place of a large file.

    Raises:
        CheckpointDamagedError: If it is.
    """
    with path.open("rb") as stream:
        if stream.read(len(_LFS_HEADER)) == _LFS_HEADER:
            raise CheckpointDamagedError(
                f"checkpoint file {str(path)!r} is a git-LFS pointer and holds no tensors",
                hint="run `git lfs pull` in its repository, or `i3d fetch`",
            )


def masked_crc32c(data: bytes) -> int:
    """Return the checksum of bytes in the form in which tables and indices state it."""
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF


def _parse(data: bytes) -> dict[str, TensorEntry]:
    footer = data[-_FOOTER_BYTES:]
    _, position = _handle(footer, 0)
    (index_offset, index_size), _ = _handle(footer, position)
    tensors = {}
    for _, handle in _entries(_block(data, index_offset, index_size)):
        (offset, size), _ = _handle(handle, 0)
        for key, value in _entries(_block(data, offset, size)):
            if key:  # the header has the empty one
                tensors[key.decode()] = _entry(key.decode(), value)
    return tensors


def _entry(name: str, message: bytes) -> TensorEntry:
    fields = read_message(message)
    numbers = fields.numbers
    dims = [dim.numbers.get(1, 0) for shape in fields.messages(_SHAPE) for dim in shape.messages(2)]
    dtype = numbers.get(_DTYPE, 0)
    return TensorEntry(
        name=name,
        dtype=_DTYPES.get(dtype, f"dtype {dtype}"),
        shape=tuple(dims),
        shard=numbers.get(_SHARD, 0),
        offset=numbers.get(_OFFSET, 0),
        num_bytes=numbers.get(_SIZE, 0),
        crc32c=numbers.get(_CRC, 0),
    )


def _block(data: bytes, offset: int, size: int) -> bytes:
    """Return a table block's content; TF-Hub's modules have theirs compressed."""
    if offset + size + _TRAILER_BYTES > len(data):
        raise ValueError("a block beyond the end of the file")
    content, compression = data[offset : offset + size], data[offset + size]
    if compression == _SNAPPY:
        return bytes(cramjam.snappy.decompress_raw(content))
    if compression != _PLAIN:
        raise ValueError(f"a block of compression type {compression}")
    return content


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield a block's keys and values; each key may share a beginning with the one before."""
    num_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (num_restarts + 1)
    position, key = 0, b""
    while position < end:
        num_shared, position = read_varint(block, position)
        num_new, position = read_varint(block, position)
        num_value, position = read_varint(block, position)
        key = key[:num_shared] + block[position : position + num_new]
        position += num_new
        yield key, block[position : position + num_value]
        position += num_value


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (offset, size), position
