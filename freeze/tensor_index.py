"""The `.index` file of a TensorFlow checkpoint: every tensor's name, shape, dtype, place and checksum.

It is parsed here, because TensorFlow's Python interface keeps the checksums and offsets to itself.

Source: the table format is LevelDB's (`doc/table_format.md`), its values are the messages of
TensorFlow's `tensor_bundle.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from freeze._tensorflow import tensor_bundle_pb2, tf
from i3d_edge.errors import CheckpointDamagedError, DependencyError

try:
    import cramjam
except ModuleNotFoundError as missing:
    raise DependencyError(
        "freezing needs cramjam; it is not installed", hint="pip install 'i3d-edge[freeze]'"
    ) from missing

_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_PLAIN, _SNAPPY = 0, 1
_LFS_HEADER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor as the index file describes it: name, dtype, shape, and where its bytes lie."""

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
            f"checkpoint index {str(index_path)!r} must end with a table footer; its {len(data)} bytes do not",
            hint="the file is truncated or is something else: fetch the checkpoint again",
        )
    try:
        return _parse(data)
    except (IndexError, TypeError, ValueError, DecodeError, cramjam.DecompressionError) as error:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} must be a table of tensors; got {error}",
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
                f"checkpoint file {str(path)!r} must hold tensors; it is a git-LFS pointer",
                hint="run `git lfs pull` in its repository, or `i3d fetch`",
            )


def _parse(data: bytes) -> dict[str, TensorEntry]:
    footer = data[-_FOOTER_BYTES:]
    _, position = _handle(footer, 0)
    (index_offset, index_size), _ = _handle(footer, position)
    tensors = {}
    for _, handle in _entries(_block(data, index_offset, index_size)):
        (offset, size), _ = _handle(handle, 0)
        for key, value in _entries(_block(data, offset, size)):
            if not key:  # the header entry: number of shards, byte order, version
                continue
            entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
            name = key.decode()
            tensors[name] = TensorEntry(
                name=name,
                dtype=tf.as_dtype(entry.dtype).name,
                shape=tuple(dim.size for dim in entry.shape.dim),
                shard=entry.shard_id,
                offset=entry.offset,
                num_bytes=entry.size,
                crc32c=entry.crc32c,
            )
    return tensors


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
        num_shared, position = _varint(block, position)
        num_new, position = _varint(block, position)
        num_value, position = _varint(block, position)
        key = key[:num_shared] + block[position : position + num_new]
        position += num_new
        yield key, block[position : position + num_value]
        position += num_value


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = _varint(data, position)
    size, position = _varint(data, position)
    return (offset, size), position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
