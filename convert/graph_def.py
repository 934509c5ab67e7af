"""A frozen graph's nodes, read without TensorFlow.

Conversion must work where TensorFlow is not installed, so the few fields that it needs of a GraphDef
are declared here and parsed by the protobuf library.

Source: TensorFlow's `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import DependencyError, FrozenGraphError, SpecError
from i3d_edge.core.spec import INPUT_NAME, OUTPUT_NAME, SPEC_NODE, ModelSpec

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.message import DecodeError
except ModuleNotFoundError as missing:
    raise DependencyError(
        "converting needs protobuf; it is not installed", hint="pip install 'i3d-edge[convert]'"
    ) from missing

OMZ_SHA384 = "8f1c32cc56cc1ca6880b7725430ae8ec369485e60f9bcce9724042ecb6e5bd97d25a04148c38bfde60b0ed00c918bc96"
OMZ_ORIGIN = "rgb_imagenet (Open Model Zoo i3d-rgb-tf)"

_PACKAGE = "i3d_edge.graph_def"
_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE

# message -> (field, number, type, message type, repeated); a map is a repeated key and value.
_SCHEMA: Mapping[str, tuple[tuple[str, int, int, str, bool], ...]] = {
    "GraphDef": (("node", 1, _MESSAGE, "NodeDef", True),),
    "NodeDef": (
        ("name", 1, _STRING, "", False),
        ("op", 2, _STRING, "", False),
        ("input", 3, _STRING, "", True),
        ("attr", 5, _MESSAGE, "Attr", True),
    ),
    "Attr": (("key", 1, _STRING, "", False), ("value", 2, _MESSAGE, "AttrValue", False)),
    "AttrValue": (("tensor", 8, _MESSAGE, "TensorProto", False),),
    "TensorProto": (("string_val", 8, _BYTES, "", True),),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its type and the nodes it reads, control dependencies left out."""

    name: str
    op: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphDef:
    """A frozen I3D graph as conversion sees it.

    Attributes:
        path: The .pb file.
        nodes: Every node, by name.
        spec: What the graph says of itself, or None where it says nothing.
        origin: For a graph without a spec: Open Model Zoo's, when the file's hash is theirs, else None.
    """

    path: Path
    nodes: Mapping[str, Node]
    spec: ModelSpec | None
    origin: str | None


def read_graph_def(path: Path) -> GraphDef:
    """Read a frozen graph's nodes and spec.

    Raises:
        FrozenGraphError: If the file is absent, is not a GraphDef, or lacks `Placeholder` or `Softmax`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FrozenGraphError(f"frozen graph {str(path)!r} must be a file; got {error.strerror}") from error
    try:
        message = _graph_def_class().FromString(data)
    except DecodeError as error:
        raise FrozenGraphError(
            f"frozen graph {str(path)!r} must be a binary GraphDef; its {len(data)} bytes are not",
            hint="a checkpoint or SavedModel is frozen by `i3d freeze`",
        ) from error
    nodes = {
        node.name: Node(node.name, node.op, tuple(_node_name(name) for name in node.input if name[0] != "^"))
        for node in message.node
    }
    for name in (INPUT_NAME, OUTPUT_NAME):
        if name not in nodes:
            raise FrozenGraphError(
                f"frozen graph {str(path)!r} must have a node {name!r}; its {len(nodes)} nodes are named otherwise",
                hint="`i3d freeze` makes such a graph from a checkpoint",
            )
    spec = next((_string_value(node) for node in message.node if node.name == SPEC_NODE), None)
    return GraphDef(
        path=path,
        nodes=nodes,
        spec=None if spec is None else _read_spec(path, spec),
        origin=OMZ_ORIGIN if hashlib.sha384(data).hexdigest() == OMZ_SHA384 else None,
    )


def _read_spec(path: Path, text: bytes) -> ModelSpec:
    try:
        return ModelSpec.from_json(text)
    except SpecError as error:
        raise FrozenGraphError(
            f"frozen graph {str(path)!r} must describe itself readably: {error.message}", hint=error.hint
        ) from error


def _node_name(edge: str) -> str:
    return edge.partition(":")[0]


def _string_value(node: Any) -> bytes:
    values = (item.value.tensor.string_val for item in node.attr if item.key == "value")
    return next((strings[0] for strings in values if strings), b"")


def _graph_def_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="i3d_edge/graph_def.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, number, kind, type_name, repeated in fields:
            declared = message.field.add(name=field, number=number, type=kind, label=3 if repeated else 1)
            if type_name:
                declared.type_name = f".{_PACKAGE}.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.GraphDef"))
