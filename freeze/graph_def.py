"""A frozen graph's nodes, read without TensorFlow, so that conversion works where it is not installed.

Source of the field numbers: TensorFlow's `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto`.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import FrozenGraphError, SpecError
from i3d_edge.core.file_kind import foreign_kind
from i3d_edge.core.i3d_spec import INPUT_NAME, OUTPUT_NAME
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import SPEC_NODE, read_spec
from i3d_edge.core.text import some
from i3d_edge.core.wire import Message, read_message
from i3d_edge.freeze.checkpoint_files import SAVED_MODEL_NAME, checkpoint_names, prefix_of

OMZ_SHA384 = "8f1c32cc56cc1ca6880b7725430ae8ec369485e60f9bcce9724042ecb6e5bd97d25a04148c38bfde60b0ed00c918bc96"
OMZ_ORIGIN = "rgb_imagenet (Open Model Zoo i3d-rgb-tf)"

_GRAPH_NODE = 1
_NAME, _OP, _INPUT, _ATTR = 1, 2, 3, 5
"""Fields of a NodeDef; its attributes are messages of a key and a value."""
_KEY, _VALUE, _TENSOR, _STRING_VAL = 1, 2, 8, 8


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its type and the nodes it reads, control dependencies left out."""

    name: str
    op: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphDef:
    """A frozen I3D graph as conversion sees it."""

    path: Path
    nodes: Mapping[str, Node]  # every node, by name
    spec: ModelSpec | None  # what the graph says of itself, or None where it says nothing
    origin: str | None  # for a graph without a spec: Open Model Zoo's, when the file's hash is theirs, else None


def read_graph_def(path: Path) -> GraphDef:
    """Read a frozen graph's nodes and spec; raises FrozenGraphError if it cannot be read, or is no I3D."""
    _refuse_other_stage(path)
    try:
        data = read_bytes(path, max_bytes=MAX_MODEL_BYTES)
    except OSError as error:
        raise FrozenGraphError(f"cannot read frozen graph {str(path)!r}: {error.strerror}") from error
    try:
        messages = read_message(data).messages(_GRAPH_NODE)
        nodes = {node.name: node for node in map(_node, messages)}
    except ValueError as error:
        raise FrozenGraphError(
            f"{str(path)!r} is no frozen graph: its {len(data)} bytes are no binary GraphDef",
            hint="`i3d freeze` makes one of a checkpoint or SavedModel",
        ) from error
    for name in (INPUT_NAME, OUTPUT_NAME):
        if name not in nodes:
            raise FrozenGraphError(
                f"frozen graph {str(path)!r} has no node {name!r} among its {len(nodes)}: it is no I3D",
                hint="`i3d freeze` makes such a graph from a checkpoint",
            )
    if lost := sorted({edge for node in nodes.values() for edge in node.inputs} - set(nodes)):
        raise FrozenGraphError(
            f"frozen graph {str(path)!r} is damaged: a node reads {some(lost)}, and there is no such node"
        )
    spec = next((_string_value(message) for message in messages if message.text(_NAME) == SPEC_NODE), None)
    return GraphDef(
        path=path,
        nodes=nodes,
        spec=None if spec is None else _read_spec(path, spec),
        origin=OMZ_ORIGIN if hashlib.sha384(data).hexdigest() == OMZ_SHA384 else None,
    )


def _refuse_other_stage(path: Path) -> None:
    """Refuse a model before or after this stage, and say how to get on; and a file of another program."""
    folder = path.parent if path.name == SAVED_MODEL_NAME else path
    prefix = prefix_of(path)
    if os.path.isfile(f"{prefix}.index"):
        title, hint = "a checkpoint", f"i3d freeze {prefix} -o {prefix.with_suffix('.pb')}"
    elif os.path.isfile(folder / SAVED_MODEL_NAME):
        title, hint = "a SavedModel", f"i3d freeze {folder} -o model.pb"
    elif os.path.isdir(path) and checkpoint_names(path):
        title, hint = "a folder with a checkpoint", f"i3d freeze {path} -o model.pb"
    elif os.path.isfile(path) and path.suffix == ".xml":
        title, hint = "an IR", f"i3d classify VIDEO --model {path}"
    elif kind := foreign_kind(path):
        title, hint = kind.title, kind.remedy
    else:
        return
    raise FrozenGraphError(f"{str(path)!r} is {title}, not a frozen graph", hint=hint)


def _read_spec(path: Path, text: bytes) -> ModelSpec:
    try:
        return read_spec(text)
    except SpecError as error:
        raise FrozenGraphError(
            f"cannot use the description inside frozen graph {str(path)!r}: {error.message}", hint=error.hint
        ) from error


def _node(message: Message) -> Node:
    edges = [bytes(part).decode() for part in message.parts.get(_INPUT, ())]
    inputs = (edge.partition(":")[0] for edge in edges if not edge.startswith("^"))
    return Node(message.text(_NAME), message.text(_OP), tuple(inputs))


def _string_value(message: Message) -> bytes:
    tensors = [
        tensor
        for attribute in message.messages(_ATTR)
        if attribute.text(_KEY) == "value"
        for value in attribute.messages(_VALUE)
        for tensor in value.messages(_TENSOR)
    ]
    return next((bytes(tensor.parts[_STRING_VAL][0]) for tensor in tensors if _STRING_VAL in tensor.parts), b"")
