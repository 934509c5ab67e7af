"""The `.index` file of a TensorFlow checkpoint: every tensor's name, shape, dtype, place and checksum.

It is read and written here, without TensorFlow, whose Python interface hides the checksums and offsets.

Source: the table format is LevelDB's (`doc/table_format.md`), its values are the messages of
TensorFlow's `tensor_bundle.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import CheckpointDamagedError, CheckpointFormError
from i3d_edge.core.file_kind import TENSOR_TABLE_END, foreign_kind
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.wire import read_message, read_varint

_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_PLAIN, _SNAPPY = 0, 1
_RESTART_INTERVAL = 16
_BLOCK_BYTES = 1 << 18
_MAX_BYTES = 1 << 26
_MAX_ENTRIES = 100_000
"""No index is larger; one of an I3D in training has about a thousand entries."""
_CRC_MASK = 0xA282EAD8

_FLOAT32 = 1
_DTYPES = {_FLOAT32: "float32", 2: "float64", 3: "int32", 7: "string", 9: "int64", 10: "bool"}
_DTYPES |= {14: "bfloat16", 19: "float16"}
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _CRC, _SLICES = range(1, 8)
"""Fields of a BundleEntryProto."""
_ENDIANNESS = 2
"""Field of a BundleHeaderProto; 1 is big-endian."""
_HEADER = b"\x08\x01\x1a\x02\x08\x01"
"""A BundleHeaderProto: one shard, little-endian, version 1."""


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
    """Read every tensor's entry, by name.

    Raises:
        CheckpointDamagedError: If the file is not a whole index.
        CheckpointFormError: If it is another thing, or the checkpoint was written by a big-endian machine.
    """
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
            f"checkpoint index {str(index_path)!r} is damaged: {error}",
            hint="fetch the checkpoint again",
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


def index_bytes(tensors: Sequence[tuple[str, Float32Array]]) -> bytes:
    """Return the index of tensors that follow each other in one data file, byte for byte as TensorFlow writes it.

    Args:
        tensors: Names and float32 arrays, in the order of the names.
    """
    rows, offset = [(b"", _HEADER)], 0
    for name, values in tensors:
        rows.append((name.encode(), _entry_message(values, offset)))
        offset += values.nbytes
    table = _table_block(rows, _RESTART_INTERVAL)
    if len(table) > _BLOCK_BYTES:
        raise ValueError(f"an index of {len(table)} bytes needs more than one block")
    meta = _table_block([], 1)
    after = bytes([rows[-1][0][0] + 1])  # LevelDB keys a block by the shortest text that sorts behind it
    places = _table_block([(after, _handle_bytes(0, table))], 1)
    blocks = b"".join(map(_with_trailer, (table, meta, places)))
    meta_at = len(table) + _TRAILER_BYTES
    footer = _handle_bytes(meta_at, meta) + _handle_bytes(meta_at + len(meta) + _TRAILER_BYTES, places)
    return blocks + footer.ljust(_FOOTER_BYTES - len(TENSOR_TABLE_END), b"\0") + TENSOR_TABLE_END


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


def _entry_message(values: Float32Array, offset: int) -> bytes:
    dims = b"".join(_field(2, _number(1, length)) for length in values.shape)
    checksum = bytes([_CRC << 3 | 5]) + struct.pack("<I", masked_crc32c(values.tobytes()))
    place = _number(_OFFSET, offset) if offset else b""
    return _number(_DTYPE, _FLOAT32) + _field(_SHAPE, dims) + place + _number(_SIZE, values.nbytes) + checksum


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint_bytes(value)


def _field(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint_bytes(len(content)) + content


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


def _table_block(rows: Iterable[tuple[bytes, bytes]], interval: int) -> bytes:
    """Return a block of keys and values, in which every `interval`th key is whole."""
    block, restarts, last = b"", [], b""
    for number, (key, value) in enumerate(rows):
        if number % interval == 0:
            restarts.append(len(block))
            last = b""
        num_shared = next((n for n, (a, b) in enumerate(zip(last, key, strict=False)) if a != b), len(last))
        sizes = (num_shared, len(key) - num_shared, len(value))
        block += b"".join(map(_varint_bytes, sizes)) + key[num_shared:] + value
        last = key
    restarts = restarts or [0]
    return block + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def _with_trailer(block: bytes) -> bytes:
    content = block + bytes([_PLAIN])
    return content + struct.pack("<I", masked_crc32c(content))


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (offset, size), position


def _handle_bytes(offset: int, block: bytes) -> bytes:
    return _varint_bytes(offset) + _varint_bytes(len(block))


def _varint_bytes(value: int) -> bytes:
    content = b""
    while value >= 0x80:
        content += bytes([value & 0x7F | 0x80])
        value >>= 7
    return content + bytes([value])
