"""A checkpoint that holds an I3D: found, checked, identified and read.

A TF-Hub module of I3D (TF1 hub format) counts as one: its variables are a checkpoint with DeepMind's
names, and its graph is the same network.
"""

import hashlib
from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from i3d_edge.core import labels as label_sets
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import (
    CheckpointDamagedError,
    CheckpointFormError,
    CheckpointVariablesError,
    DependencyError,
    LabelError,
)
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.labels import MAX_CLASSES, LabelSet
from i3d_edge.core.port import NUM_CHANNELS, Stream
from i3d_edge.core.reading import open_input
from i3d_edge.core.text import some
from i3d_edge.freeze import inception_i3d, published
from i3d_edge.freeze.checkpoint_files import check_data_files, find_checkpoint, shard_paths
from i3d_edge.freeze.leftovers import Kind, classify, is_copy_of_training
from i3d_edge.freeze.published import Likeness
from i3d_edge.freeze.tensor_index import TensorEntry, masked_crc32c, read_index

_READABLE = {"float32": "<f4", "float16": "<f2", "float64": "<f8"}
"""What weights may be stored in; all are computed with in float32."""
_TF2_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_FIRST_WEIGHTS = "Conv3d_1a_7x7/conv_3d/w"
_LAST_WEIGHTS = f"{inception_i3d.LOGITS_UNIT}/conv_3d/w"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An I3D checkpoint whose parts are present and whose variables are the network's."""

    prefix: Path  # path without `.index` or `.data-...`
    scope: str  # what stands before the network's own names, "RGB/inception_i3d/" or ""
    stream: Stream  # read from the first convolution's input channels
    entries: Mapping[str, TensorEntry]  # the network's 230 variables, by name below the scope
    ignored: Mapping[Kind, tuple[str, ...]]  # names of tensors that are not the network's, by what they are
    fingerprint: str  # digest of the names and CRC32Cs of `entries`; the same for any scope
    likeness: Likeness | None  # the published checkpoint that shares the most variables, or None if none shares any
    # name of the published checkpoint that this is; "unknown" for any other, and if there are tensors that nobody
    # knows: the network then goes on where DeepMind's ends
    origin: str
    labels: LabelSet  # class names: as given, else Kinetics' for 400 or 600 classes, else numbers
    is_hub_module: bool = False  # whether it came in a TF-Hub SavedModel
    num_shards: int = 1  # how many data files it has
    passed_over: tuple[str, ...] = ()  # names of other checkpoints in the folder that was given
    # whether the variables have the CRC32Cs of the index; False where the package for them is absent
    is_verified: bool = True

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of tensors that are neither the network's nor training's, and may be trained parts beside it."""
        return self.ignored.get("unknown tensor", ())

    @property
    def num_parameters(self) -> int:
        """How many numbers the network's variables hold."""
        return sum(int(np.prod(entry.shape)) for entry in self.entries.values())

    def read(self) -> dict[str, Float32Array]:
        """Return float32 arrays by name, shapes as of `variable_shapes`; CheckpointDamagedError for another CRC32C."""
        shapes = inception_i3d.variable_shapes(NUM_CHANNELS[self.stream], len(self.labels))
        with ExitStack() as stack:
            shards = [stack.enter_context(open_input(path)) for path in shard_paths(self.prefix, self.num_shards)]
            arrays = {name: self._read_tensor(shards, entry) for name, entry in self.entries.items()}
        return {name: arrays[name].reshape(shape) for name, shape in shapes.items()}

    def _read_tensor(self, shards: Sequence[BinaryIO], entry: TensorEntry) -> Float32Array:
        shards[entry.shard].seek(entry.offset)
        data = shards[entry.shard].read(entry.num_bytes)
        if (got := masked_crc32c(data)) != entry.crc32c:
            raise CheckpointDamagedError(
                f"tensor {entry.name!r} of {str(self.prefix)!r} is damaged: "
                f"its CRC32C is {got:08x}, and the index says {entry.crc32c:08x}",
                hint="fetch the checkpoint again",
            )
        return np.frombuffer(data, _READABLE[entry.dtype]).astype("<f4", copy=False)


def open_checkpoint(path: Path, *, labels: LabelSet | None = None) -> Checkpoint:
    """Find a checkpoint, check that it is an I3D and that its weights are those of its index, and identify it.

    The path is a prefix, one of its files, a folder, or that of a TF-Hub SavedModel; of several checkpoints in a folder
    the one that TensorFlow wrote last is taken. Labels are Kinetics' for 400 or 600 classes if not given, else numbers.

    Raises a CheckpointError: Missing, Damaged, Form if it is of a form that is not read, Variables if they are not an
    I3D's; LabelError for another number of labels than classes.
    """
    files = find_checkpoint(path)
    tensors = read_index(Path(f"{files.prefix}.index"))
    num_shards = check_data_files(files.prefix, tensors)
    scope, stream, num_classes, entries = _find_network(files.prefix, tensors)
    crc32c = {name: entry.crc32c for name, entry in entries.items()}
    likeness = published.nearest(crc32c)
    ignored = _ignored(tensors, {scope + name for name in entries})
    is_published = likeness and not likeness.differing and "unknown tensor" not in ignored
    if labels is not None and len(labels) != num_classes:
        raise LabelError(
            f"checkpoint {str(files.prefix)!r} has {num_classes} classes; label set {labels.name!r} has {len(labels)}"
        )
    checkpoint = Checkpoint(
        prefix=files.prefix,
        scope=scope,
        stream=stream,
        entries=entries,
        ignored=ignored,
        fingerprint=fingerprint_of(crc32c),
        likeness=likeness,
        origin=likeness.name if likeness and is_published else UNKNOWN,
        labels=labels or label_sets.default_for(num_classes),
        is_hub_module=files.is_hub_module,
        num_shards=num_shards,
        passed_over=files.passed_over,
    )
    try:
        checkpoint.read()  # an index may be another checkpoint's
    except DependencyError:
        return replace(checkpoint, is_verified=False)
    return checkpoint


def fingerprint_of(crc32c_by_name: Mapping[str, int]) -> str:
    """Return the digest that identifies a set of weights: SHA-256 over sorted names and CRC32Cs."""
    lines = (f"{name} {crc:08x}\n" for name, crc in sorted(crc32c_by_name.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _ignored(tensors: Mapping[str, TensorEntry], used: Set[str]) -> Mapping[Kind, tuple[str, ...]]:
    """Return the names of tensors that are not used, by what they are."""
    found: dict[Kind, list[str]] = {}
    for name in sorted(set(tensors) - used):
        found.setdefault(classify(tensors[name], tensors), []).append(name)
    return {kind: tuple(names) for kind, names in found.items()}


def _find_network(
    prefix: Path, tensors: Mapping[str, TensorEntry]
) -> tuple[str, Stream, int, Mapping[str, TensorEntry]]:
    """Return scope, stream, number of classes and variables of the network in a checkpoint."""
    scopes = sorted(name.removesuffix(_FIRST_WEIGHTS) for name in tensors if name.endswith(_FIRST_WEIGHTS))
    scopes = [scope for scope in scopes if not is_copy_of_training(scope)] or scopes
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
    num_classes = last.shape[-1] if last and last.shape and 0 < last.shape[-1] <= MAX_CLASSES else 400
    shapes = inception_i3d.variable_shapes(channels, num_classes)
    entries = {name: tensors[scope + name] for name in shapes if scope + name in tensors}
    _require_network(prefix, tensors, scope, shapes, entries)
    return scope, streams[channels], num_classes, entries


def _require_network(
    prefix: Path,
    tensors: Mapping[str, TensorEntry],
    scope: str,
    shapes: Mapping[str, tuple[int, ...]],
    entries: Mapping[str, TensorEntry],
) -> None:
    unexpected = sorted(set(tensors) - {scope + name for name in shapes})
    missing = [scope + name for name in shapes if name not in entries]
    misshaped = [
        f"{entry.name} {entry.dtype}{list(entry.shape)} of {entry.num_bytes} bytes instead of "
        f"float32{list(shapes[name])}"
        for name, entry in entries.items()
        if entry.dtype not in _READABLE or entry.shape not in _accepted_shapes(shapes[name]) or not _fits(entry)
    ]
    if len(missing) == len(shapes) and any(name.endswith(_TF2_SUFFIX) for name in tensors):
        raise CheckpointFormError(
            f"checkpoint {str(prefix)!r} is in TensorFlow 2's object format, which has no variable names",
            hint="take version 1 of the TF-Hub module, or save its variables under DeepMind's names with "
            "tf.compat.v1.train.Saver",
        )
    if sliced := [entry.name for entry in entries.values() if entry.is_sliced]:
        raise CheckpointFormError(
            f"checkpoint {str(prefix)!r} holds variables in slices: {some(sliced)}",
            hint="load it in TensorFlow, and save it again without partitions",
        )
    if missing or misshaped:
        found = [
            f"{len(names)} {kind} ({some(names)})"
            for kind, names in (("missing", missing), ("mis-shaped", misshaped), ("unexpected", unexpected))
            if names
        ]
        raise CheckpointVariablesError(
            f"checkpoint {str(prefix)!r} is no Inception-v1 I3D, which has {len(shapes)} variables: {'; '.join(found)}",
            hint="i3d-edge takes kinetics-i3d checkpoints, and copies trained further under the same names",
        )


def _fits(entry: TensorEntry) -> bool:
    """Return whether a tensor has as many bytes as its shape needs."""
    return entry.num_bytes == int(np.prod(entry.shape)) * np.dtype(_READABLE[entry.dtype]).itemsize


def _accepted_shapes(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """A batch norm tensor is published as (C,) or (1, 1, 1, 1, C)."""
    return (shape, shape[-1:]) if shape[:-1] == (1, 1, 1, 1) else (shape,)
