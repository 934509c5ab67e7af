"""A TensorFlow checkpoint that holds an I3D: found, checked, identified and read.

The index file is parsed here, because TensorFlow's Python interface keeps the checksums and offsets
in it to itself; the values are read by TensorFlow, which verifies each tensor's CRC32C.

Source: the table format is LevelDB's (`doc/table_format.md`), its values are the messages of
TensorFlow's `tensor_bundle.proto`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from freeze import inception_i3d, published
from freeze._tensorflow import tensor_bundle_pb2, tf
from i3d_edge import labels as label_sets
from i3d_edge.errors import CheckpointDamagedError, CheckpointMissingError, CheckpointVariablesError
from i3d_edge.labels import LabelSet
from i3d_edge.spec import NUM_CHANNELS, UNKNOWN, Origin, Stream

_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER_BYTES = 48
_LFS_HEADER = b"version https://git-lfs"
_FIRST_WEIGHTS = "Conv3d_1a_7x7/conv_3d/w"
_LAST_WEIGHTS = f"{inception_i3d.LOGITS_UNIT}/conv_3d/w"
_NAMES_SHOWN = 3


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


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An I3D checkpoint whose parts are present and whose variables are the network's.

    Attributes:
        prefix: Path without `.index` or `.data-...`.
        scope: What stands before the network's own names, "RGB/inception_i3d/" or "".
        stream: Read from the first convolution's input channels.
        entries: The network's 230 variables, by name below the scope.
        ignored: Names of tensors that are not the network's: optimizer slots, counters.
        fingerprint: Digest of the names and CRC32Cs of `entries`; the same for any scope.
        origin: Name of the published checkpoint with this fingerprint, what the card beside it says, or "unknown".
        labels: Class names: from the card, else Kinetics-400 for 400 classes, else numbers.
    """

    prefix: Path
    scope: str
    stream: Stream
    entries: dict[str, TensorEntry]
    ignored: tuple[str, ...]
    fingerprint: str
    origin: Origin
    labels: LabelSet

    def read(self) -> dict[str, npt.NDArray[np.float32]]:
        """Read the variables, each in the shape that the graph needs.

        Returns:
            Arrays by name below the scope, shapes as `inception_i3d.variable_shapes` gives them, float32.

        Raises:
            CheckpointDamagedError: If a tensor does not have the CRC32C that the index states.
        """
        shapes = inception_i3d.variable_shapes(NUM_CHANNELS[self.stream], len(self.labels))
        reader = tf.train.load_checkpoint(str(self.prefix))
        variables = {}
        for name, shape in shapes.items():
            try:
                variables[name] = reader.get_tensor(self.scope + name).reshape(shape)
            except (tf.errors.OpError, RuntimeError) as error:
                raise CheckpointDamagedError(
                    f"tensor {self.scope + name!r} of {str(self.prefix)!r} must have the bytes its index states; "
                    f"got {_first_line(error)}",
                    hint="fetch the checkpoint again",
                ) from error
        return variables


def open_checkpoint(path: Path) -> Checkpoint:
    """Find a checkpoint, check that it is whole and that it is an I3D, and identify it.

    Args:
        path: The prefix, one of its files, or a folder that holds one checkpoint.

    Raises:
        CheckpointMissingError: If there is no such checkpoint, or its data file is absent.
        CheckpointDamagedError: If a file is truncated or is a git-LFS pointer.
        CheckpointVariablesError: If the variables are not those of an I3D.
    """
    prefix = _find_prefix(path)
    tensors = read_index(Path(f"{prefix}.index"))
    _check_data_files(prefix, tensors)
    return _identify(prefix, tensors)


def read_index(index_path: Path) -> dict[str, TensorEntry]:
    """Read every tensor's entry from a checkpoint's `.index` file.

    Raises:
        CheckpointDamagedError: If it is a git-LFS pointer, or not a whole index.
    """
    data = index_path.read_bytes()
    _refuse_lfs_pointer(index_path, data)
    if data[-8:] != _TABLE_MAGIC:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} must end with a table footer; its {len(data)} bytes do not",
            hint="the file is truncated or is something else: fetch the checkpoint again",
        )
    try:
        return _parse_index(data)
    except (IndexError, ValueError) as error:
        raise CheckpointDamagedError(
            f"checkpoint index {str(index_path)!r} must be a table of tensors; got {_first_line(error)}",
            hint="fetch the checkpoint again",
        ) from error


def fingerprint_of(crc32c_by_name: dict[str, int]) -> str:
    """Return the digest that identifies a set of weights: SHA-256 over sorted names and CRC32Cs."""
    lines = (f"{name} {crc:08x}\n" for name, crc in sorted(crc32c_by_name.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def card_path(prefix: Path) -> Path:
    """Return the path of the JSON card that may lie beside a checkpoint and say what it is."""
    return Path(f"{prefix}.card.json")


def _find_prefix(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.index"))
        if len(found) != 1:
            raise CheckpointMissingError(
                f"folder {str(path)!r} must hold one checkpoint; got {len(found)} .index files",
                hint="give the checkpoint's prefix, for instance .../model.ckpt",
            )
        return found[0].with_suffix("")
    stem, _, suffix = path.name.rpartition(".")
    if stem and (suffix == "index" or suffix.startswith("data-")):
        path = path.with_name(stem)
    if not Path(f"{path}.index").is_file():
        near = sorted(item.name.removesuffix(".index") for item in path.parent.glob("*.index"))
        raise CheckpointMissingError(
            f"checkpoint {str(path)!r} must have an .index file; there is none",
            hint=f"checkpoints in that folder: {', '.join(near)}"
            if near
            else "`i3d fetch` downloads the published ones",
        )
    return path


def _refuse_lfs_pointer(path: Path, head: bytes) -> None:
    if head.startswith(_LFS_HEADER):
        raise CheckpointDamagedError(
            f"checkpoint file {str(path)!r} must hold tensors; it is a git-LFS pointer",
            hint="run `git lfs pull` in its repository, or `i3d fetch`",
        )


def _check_data_files(prefix: Path, tensors: dict[str, TensorEntry]) -> None:
    num_shards = 1 + max((entry.shard for entry in tensors.values()), default=0)
    shards = {int(item.name[-14:-9]): item for item in prefix.parent.glob(f"{prefix.name}.data-*-of-*")}
    for shard in range(num_shards):
        if shard not in shards:
            raise CheckpointMissingError(
                f"checkpoint {str(prefix)!r} must have {num_shards} data file(s); number {shard} is absent",
                hint="the .index alone holds no weights: `i3d fetch` downloads both files",
            )
        path = shards[shard]
        with path.open("rb") as stream:
            _refuse_lfs_pointer(path, stream.read(len(_LFS_HEADER)))
        expected = max(entry.offset + entry.num_bytes for entry in tensors.values() if entry.shard == shard)
        if (got := path.stat().st_size) < expected:
            raise CheckpointDamagedError(
                f"checkpoint file {str(path)!r} must have {expected} bytes; got {got}",
                hint="the file is truncated: fetch or copy it again",
            )


def _identify(prefix: Path, tensors: dict[str, TensorEntry]) -> Checkpoint:
    scope = next((name.removesuffix(_FIRST_WEIGHTS) for name in sorted(tensors) if name.endswith(_FIRST_WEIGHTS)), "")
    # What the checkpoint says of itself; where it says nothing, the published form is what it lacks.
    first = tensors.get(scope + _FIRST_WEIGHTS)
    last = tensors.get(scope + _LAST_WEIGHTS)
    channels = first.shape[3] if first and len(first.shape) == 5 else 3
    num_classes = last.shape[-1] if last and last.shape else 400
    streams = {channels: stream for stream, channels in NUM_CHANNELS.items()}
    shapes = inception_i3d.variable_shapes(channels if channels in streams else 3, num_classes)

    entries = {name: tensors[scope + name] for name in shapes if scope + name in tensors}
    ignored = tuple(sorted(set(tensors) - {scope + name for name in shapes}))
    missing = [scope + name for name in shapes if name not in entries]
    misshaped = [
        f"{entry.name} {entry.dtype}{list(entry.shape)} instead of float32{list(shapes[name])}"
        for name, entry in entries.items()
        if entry.dtype != "float32" or entry.shape not in _accepted_shapes(shapes[name])
    ]
    if missing or misshaped:
        found = [
            f"{len(names)} {kind} ({_some(names)})"
            for kind, names in (("missing", missing), ("mis-shaped", misshaped), ("unexpected", list(ignored)))
            if names
        ]
        raise CheckpointVariablesError(
            f"checkpoint {str(prefix)!r} must have the {len(shapes)} variables of an Inception-v1 I3D; "
            f"got {'; '.join(found)}",
            hint="i3d-edge takes DeepMind's kinetics-i3d checkpoints and copies of them trained further",
        )

    fingerprint = fingerprint_of({name: entry.crc32c for name, entry in entries.items()})
    origin, labels = _read_card(prefix, fingerprint)
    return Checkpoint(
        prefix=prefix,
        scope=scope,
        stream=streams[channels],
        entries=entries,
        ignored=ignored,
        fingerprint=fingerprint,
        origin=origin or published.origin_of(fingerprint) or UNKNOWN,
        labels=labels or label_sets.default_for(num_classes),
    )


def _accepted_shapes(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """A batch norm tensor is published as (C,) or (1, 1, 1, 1, C)."""
    return (shape, shape[-1:]) if shape[:-1] == (1, 1, 1, 1) else (shape,)


def _read_card(prefix: Path, fingerprint: str) -> tuple[Origin | None, LabelSet | None]:
    path = card_path(prefix)
    if not path.is_file():
        return None, None
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        origin, stated, labels = card["origin"], card["fingerprint"], card["labels"]
        label_set = LabelSet(labels["name"], tuple(labels["names"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointDamagedError(
            f"checkpoint card {str(path)!r} must be JSON with origin, fingerprint and labels; got {error!r}",
            hint="delete the card to use the checkpoint without it",
        ) from error
    if stated != fingerprint:
        raise CheckpointDamagedError(
            f"checkpoint card {str(path)!r} must describe the checkpoint beside it; its fingerprint is another",
            hint="delete the card if the checkpoint was replaced on purpose",
        )
    return origin, label_set


def _parse_index(data: bytes) -> dict[str, TensorEntry]:
    footer = data[-_FOOTER_BYTES:]
    _, position = _handle(footer, 0)
    (index_offset, index_size), _ = _handle(footer, position)
    tensors = {}
    for _, handle in _block(data, index_offset, index_size):
        (offset, size), _ = _handle(handle, 0)
        for key, value in _block(data, offset, size):
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


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield a table block's keys and values; each key may share a beginning with the one before."""
    block = data[offset : offset + size]
    if len(block) != size or data[offset + size] != 0:
        raise ValueError("a compressed or truncated block")
    num_restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 * (num_restarts + 1)
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


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown + (", ..." if len(names) > _NAMES_SHOWN else "")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
