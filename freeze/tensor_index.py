"""The `.index` file of a TensorFlow checkpoint: every tensor's name, shape, dtype, place and checksum.

It is read here without TensorFlow, whose Python interface hides the checksums and offsets.

Source: the table format is LevelDB's (`doc/table_format.md`), its values are the messages of
TensorFlow's `tensor_bundle.proto`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointFormError
from i3d_edge.core.file_kind import TENSOR_TABLE_END, foreign_kind
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.wire import read_message, read_varint

_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_PLAIN, _SNAPPY = 0, 1
_MAX_BYTES = 1 << 26
_MAX_ENTRIES = 100_000
"""No index is larger; one of an I3D in training has about a thousand entries."""
_CRC_MASK = 0xA282EAD8

_DTYPES = {1: "float32", 2: "float64", 3: "int32", 7: "string", 9: "int64", 10: "bool"}
_DTYPES |= {14: "bfloat16", 19: "float16"}
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _CRC, _SLICES = range(1, 8)
"""Fields of a BundleEntryProto."""
_ENDIANNESS = 2
"""Field of a BundleHeaderProto; 1 is big-endian."""


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor as the index file describes it."""

    name: str  # of the variable, with its scope
    dtype: str  # "float32" and so on
    shape: tuple[int, ...]
    shard: int
    offset: int  # where its bytes lie in that file
    num_bytes: int
    crc32c: int  # of its bytes, masked as LevelDB masks it
    is_sliced: bool = False  # whether the variable was partitioned: its bytes lie in several places


def read_index(index_path: Path) -> dict[str, TensorEntry]:
    """Return every tensor's entry by name; raises CheckpointDamagedError or CheckpointFormError if it is none."""
    data = read_bytes(index_path, max_bytes=_MAX_BYTES)
    if data[-8:] != TENSOR_TABLE_END:
        refuse_foreign(index_path)
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} is truncated or something else: it has no table footer",
            hint="fetch the checkpoint again",
        )
    try:
        return _parse(data)
    except (IndexError, ValueError) as error:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} is damaged: {error}", hint="fetch the checkpoint again"
        ) from error


def refuse_foreign(path: Path) -> None:
    """Raise CheckpointFormError if what should be a part of a checkpoint is another program's file."""
    if kind := foreign_kind(path):
        raise CheckpointFormError(f"{str(path)!r} is {kind.title}", hint=kind.remedy)


def masked_crc32c(data: bytes) -> int:
    """Return the checksum of bytes in the form in which tables and indices state it."""
    with needed_for("checking weights"):
        import google_crc32c
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF


def _parse(data: bytes) -> dict[str, TensorEntry]:
    footer = data[-_FOOTER_BYTES:]
    _, position = _handle(footer, 0)
    (index_offset, index_size), _ = _handle(footer, position)
    tensors = {}
    num_bytes = num_entries = 0
    for _, handle in _entries(_block(data, index_offset, index_size)):
        (offset, size), _ = _handle(handle, 0)
        num_bytes += size + _TRAILER_BYTES
        if num_bytes > len(data):
            raise ValueError("blocks that overlap")
        for key, value in _entries(_block(data, offset, size)):
            num_entries += 1
            if num_entries > _MAX_ENTRIES:
                raise ValueError(f"more than {_MAX_ENTRIES:,} entries")
            if not key:
                _require_little_endian(value)
            elif key[0]:  # a zero starts the key of a slice, whose whole has an entry too
                tensors[key.decode()] = _entry(key.decode(), value)
    return tensors


def _require_little_endian(header: bytes) -> None:
    if read_message(header).numbers.get(_ENDIANNESS):
        raise CheckpointFormError(
            "the checkpoint was written on a big-endian machine, and is not read here",
            hint="load it in TensorFlow on this machine, and save it again",
        )


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
        is_sliced=_SLICES in fields.parts,
    )


def _block(data: bytes, offset: int, size: int) -> bytes:
    """Return a table block's content; TF-Hub's modules have theirs compressed."""
    if offset + size + _TRAILER_BYTES > len(data):
        raise ValueError("a block beyond the end of the file")
    content, compression = data[offset : offset + size], data[offset + size]
    if compression == _SNAPPY:
        return _decompressed(content)
    if compression != _PLAIN:
        raise ValueError(f"a block of compression type {compression}")
    return content


def _decompressed(content: bytes) -> bytes:
    with needed_for("reading a compressed index"):
        import cramjam
    if read_varint(content, 0)[0] > _MAX_BYTES:
        raise ValueError("a block that would fill the memory")
    try:
        return bytes(cramjam.snappy.decompress_raw(content))
    except cramjam.DecompressionError as error:
        raise ValueError(error) from error


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
