"""A checkpoint that holds an I3D: found, checked, identified and read.

A TF-Hub module of I3D (TF1 hub format) counts as one: its variables are a checkpoint with DeepMind's
names, and its graph is the same network.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from i3d_edge.core import labels as label_sets
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import (
    CheckpointDamagedError,
    CheckpointMissingError,
    CheckpointVariablesError,
    LabelError,
)
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.port import NUM_CHANNELS, Stream
from i3d_edge.core.text import some
from i3d_edge.freeze import inception_i3d, published
from i3d_edge.freeze.published import Likeness
from i3d_edge.freeze.tensor_index import TensorEntry, masked_crc32c, read_index, refuse_lfs_pointer

SAVED_MODEL_NAME = "saved_model.pb"

HUB_VARIABLES = Path("variables", "variables")
_TF2_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_FIRST_WEIGHTS = "Conv3d_1a_7x7/conv_3d/w"
_LAST_WEIGHTS = f"{inception_i3d.LOGITS_UNIT}/conv_3d/w"


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
        likeness: The published checkpoint that shares the most variables, or None if none shares any.
        origin: Name of the published checkpoint that this is, or "unknown".
        labels: Class names: as given, else Kinetics' for 400 or 600 classes, else numbers.
        is_hub_module: Whether it came in a TF-Hub SavedModel.
        num_shards: How many data files it has.
    """

    prefix: Path
    scope: str
    stream: Stream
    entries: Mapping[str, TensorEntry]
    ignored: tuple[str, ...]
    fingerprint: str
    likeness: Likeness | None
    origin: str
    labels: LabelSet
    is_hub_module: bool = False
    num_shards: int = 1

    @property
    def num_parameters(self) -> int:
        """How many numbers the network's variables hold."""
        return sum(int(np.prod(entry.shape)) for entry in self.entries.values())

    def read(self) -> dict[str, Float32Array]:
        """Read the variables, each in the shape that the graph needs.

        Returns:
            Arrays by name below the scope, shapes as `inception_i3d.variable_shapes` gives them, float32.

        Raises:
            CheckpointDamagedError: If a tensor does not have the CRC32C that the index states.
        """
        shapes = inception_i3d.variable_shapes(NUM_CHANNELS[self.stream], len(self.labels))
        with ExitStack() as stack:
            shards = [stack.enter_context(path.open("rb")) for path in _shards(self.prefix, self.num_shards)]
            return {name: self._read_tensor(shards, name).reshape(shape) for name, shape in shapes.items()}

    def _read_tensor(self, shards: Sequence[BinaryIO], name: str) -> Float32Array:
        entry = self.entries[name]
        shards[entry.shard].seek(entry.offset)
        data = shards[entry.shard].read(entry.num_bytes)
        if (got := masked_crc32c(data)) != entry.crc32c:
            raise CheckpointDamagedError(
                f"tensor {entry.name!r} of {str(self.prefix)!r} is damaged: "
                f"its CRC32C is {got:08x}, and the index says {entry.crc32c:08x}",
                hint="fetch the checkpoint again",
            )
        return np.frombuffer(data, "<f4")


def open_checkpoint(path: Path, *, labels: LabelSet | None = None) -> Checkpoint:
    """Find a checkpoint, check that it is whole and that it is an I3D, and identify it.

    Args:
        path: The prefix, one of its files, a folder that holds one checkpoint, or a TF-Hub SavedModel folder.
        labels: Class names to use; None takes Kinetics' for 400 or 600 classes, else numbers.

    Raises:
        CheckpointMissingError: If there is no such checkpoint, or its data file is absent.
        CheckpointDamagedError: If a file is truncated or is a git-LFS pointer.
        CheckpointVariablesError: If the variables are not those of an I3D.
        LabelError: If `labels` has another number of names than the checkpoint has classes.
    """
    is_hub_module = os.path.isfile(path / SAVED_MODEL_NAME) or os.path.isfile(path / f"{HUB_VARIABLES}.index")
    prefix = _find_prefix(path / HUB_VARIABLES if is_hub_module else path)
    tensors = read_index(Path(f"{prefix}.index"))
    _check_data_files(prefix, tensors)
    return _identify(prefix, tensors, labels, is_hub_module=is_hub_module)


def fingerprint_of(crc32c_by_name: Mapping[str, int]) -> str:
    """Return the digest that identifies a set of weights: SHA-256 over sorted names and CRC32Cs."""
    lines = (f"{name} {crc:08x}\n" for name, crc in sorted(crc32c_by_name.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _find_prefix(path: Path) -> Path:
    if os.path.isdir(path):
        found = sorted(path.glob("*.index"))
        if len(found) != 1:
            raise CheckpointMissingError(
                f"folder {str(path)!r} holds {len(found)} checkpoints instead of one",
                hint="give the checkpoint's prefix, for instance .../model.ckpt",
            )
        return found[0].with_suffix("")
    stem, _, suffix = path.name.rpartition(".")
    if stem and (suffix == "index" or suffix.startswith("data-")):
        path = path.with_name(stem)
    if not os.path.isfile(f"{path}.index"):
        near = sorted(item.name.removesuffix(".index") for item in path.parent.glob("*.index"))
        raise CheckpointMissingError(
            f"checkpoint {str(path)!r} has no .index file",
            hint=f"checkpoints in that folder: {', '.join(near)}"
            if near
            else "`i3d fetch` downloads the published ones",
        )
    return path


def _check_data_files(prefix: Path, tensors: Mapping[str, TensorEntry]) -> None:
    num_shards = _num_shards(tensors)
    for shard, path in enumerate(_shards(prefix, num_shards)):
        if not os.path.isfile(path):
            raise CheckpointMissingError(
                f"checkpoint {str(prefix)!r} lacks data file {shard} of {num_shards}",
                hint="the .index alone holds no weights: its data file belongs beside it",
            )
        refuse_lfs_pointer(path)
        ends = (entry.offset + entry.num_bytes for entry in tensors.values() if entry.shard == shard)
        expected = max(ends, default=0)
        if (got := path.stat().st_size) < expected:
            raise CheckpointDamagedError(
                f"checkpoint file {str(path)!r} is truncated: it has {got} of {expected} bytes",
                hint="fetch or copy it again",
            )


def _num_shards(tensors: Mapping[str, TensorEntry]) -> int:
    return 1 + max((entry.shard for entry in tensors.values()), default=0)


def _shards(prefix: Path, number: int) -> list[Path]:
    return [Path(f"{prefix}.data-{shard:05d}-of-{number:05d}") for shard in range(number)]


def _identify(
    prefix: Path, tensors: Mapping[str, TensorEntry], labels: LabelSet | None, *, is_hub_module: bool
) -> Checkpoint:
    scopes = sorted(name.removesuffix(_FIRST_WEIGHTS) for name in tensors if name.endswith(_FIRST_WEIGHTS))
    if len(scopes) > 1:
        raise CheckpointVariablesError(
            f"checkpoint {str(prefix)!r} holds {len(scopes)} networks, in the scopes {', '.join(scopes)}",
            hint="save each network's variables to a checkpoint of its own",
        )
    scope = scopes[0] if scopes else ""
    # What the checkpoint says of itself; where it says nothing, the published form is what it lacks.
    first = tensors.get(scope + _FIRST_WEIGHTS)
    last = tensors.get(scope + _LAST_WEIGHTS)
    streams = {channels: stream for stream, channels in NUM_CHANNELS.items()}
    channels = first.shape[3] if first and len(first.shape) == 5 and first.shape[3] in streams else 3
    num_classes = last.shape[-1] if last and last.shape else 400
    shapes = inception_i3d.variable_shapes(channels, num_classes)

    entries = {name: tensors[scope + name] for name in shapes if scope + name in tensors}
    ignored = tuple(sorted(set(tensors) - {scope + name for name in shapes}))
    _require_network(prefix, tensors, scope, shapes, entries, ignored)

    crc32c = {name: entry.crc32c for name, entry in entries.items()}
    fingerprint = fingerprint_of(crc32c)
    likeness = published.nearest(crc32c)
    if labels is not None and len(labels) != num_classes:
        raise LabelError(
            f"checkpoint {str(prefix)!r} has {num_classes} classes; label set {labels.name!r} has {len(labels)}"
        )
    return Checkpoint(
        prefix=prefix,
        scope=scope,
        stream=streams[channels],
        entries=entries,
        ignored=ignored,
        fingerprint=fingerprint,
        likeness=likeness,
        origin=likeness.name if likeness and not likeness.differing else UNKNOWN,
        labels=labels or label_sets.default_for(num_classes),
        is_hub_module=is_hub_module,
        num_shards=_num_shards(tensors),
    )


def _require_network(
    prefix: Path,
    tensors: Mapping[str, TensorEntry],
    scope: str,
    shapes: Mapping[str, tuple[int, ...]],
    entries: Mapping[str, TensorEntry],
    ignored: tuple[str, ...],
) -> None:
    missing = [scope + name for name in shapes if name not in entries]
    misshaped = [
        f"{entry.name} {entry.dtype}{list(entry.shape)} instead of float32{list(shapes[name])}"
        for name, entry in entries.items()
        if entry.dtype != "float32" or entry.shape not in _accepted_shapes(shapes[name])
    ]
    if missing or misshaped:
        found = [
            f"{len(names)} {kind} ({some(names)})"
            for kind, names in (("missing", missing), ("mis-shaped", misshaped), ("unexpected", list(ignored)))
            if names
        ]
        raise CheckpointVariablesError(
            f"checkpoint {str(prefix)!r} is no Inception-v1 I3D, which has {len(shapes)} variables: {'; '.join(found)}",
            hint=_resemblance(tensors),
        )


def _resemblance(tensors: Mapping[str, TensorEntry]) -> str:
    """Say what a checkpoint that is no I3D looks like, and what to do."""
    if any(name.endswith(_TF2_SUFFIX) for name in tensors):
        return (
            "it is in TensorFlow 2's object format, which has no variable names: take version 1 of the TF-Hub module, "
            "or save its variables under DeepMind's names with tf.compat.v1.train.Saver"
        )
    ranks = {len(entry.shape) for entry in tensors.values()}
    if 5 in ranks:
        return "it looks like another 3-D network: i3d-edge takes kinetics-i3d checkpoints and copies trained further"
    if 4 in ranks:
        return "it looks like a 2-D network, for images: i3d-edge takes kinetics-i3d checkpoints"
    return "it has no convolutions: i3d-edge takes kinetics-i3d checkpoints"


def _accepted_shapes(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """A batch norm tensor is published as (C,) or (1, 1, 1, 1, C)."""
    return (shape, shape[-1:]) if shape[:-1] == (1, 1, 1, 1) else (shape,)
