"""Unit names: what DeepMind calls each layer, given back to the converted model.

Conversion moves transposes through the network and renames what it touches. The two graphs still have
the same skeleton of convolutions, activations, pools and concatenations, so walking both from the
output side by side tells which operation is which.
"""

from collections.abc import Mapping

import openvino as ov

from i3d_edge.core.errors import FrozenGraphError
from i3d_edge.freeze.graph_def import Node

# TensorFlow operation -> OpenVINO operation, for what both graphs keep.
_SKELETON: Mapping[str, str] = {
    "Conv3D": "Convolution",
    "Relu": "Relu",
    "MaxPool3D": "MaxPool",
    "AvgPool3D": "AvgPool",
    "ConcatV2": "Concat",
    "Mean": "ReduceMean",
    "Softmax": "Softmax",
    "Placeholder": "Parameter",
}


def name_units(model: ov.Model, nodes: Mapping[str, Node]) -> None:
    """Name a model's layers as its frozen graph's nodes, in place; raises FrozenGraphError if skeletons differ."""
    pairs = [
        (name, result.input_value(0).get_node())
        for result in model.get_results()
        for name in sorted(result.input_value(0).get_names())
    ]
    pairs = [(name.removesuffix(":0"), node) for name, node in pairs]
    named: set[str] = set()
    while pairs:
        name, operation = pairs.pop()
        if name in named:
            continue
        named.add(name)
        node = nodes.get(name)
        expected = _SKELETON.get(node.op) if node else None
        if node is None or expected != operation.get_type_name():
            raise FrozenGraphError(
                f"node {name!r} of the frozen graph ({node.op if node else 'absent'}) became "
                f"{operation.get_type_name()}, not {expected or 'a known layer'}",
                hint="only Inception-v1 I3D graphs are converted",
            )
        operation.set_friendly_name(name)
        sources = _graph_sources(node, nodes), _model_sources(operation)
        if len(sources[0]) != len(sources[1]):
            raise FrozenGraphError(
                f"node {name!r} of the frozen graph reads {len(sources[0])} layers; "
                f"after conversion it reads {len(sources[1])}"
            )
        pairs += zip(*sources, strict=True)


def _graph_sources(node: Node, nodes: Mapping[str, Node]) -> list[str]:
    """Return the nearest skeleton nodes that a node reads, in the order of its inputs."""
    sources = []
    for name in node.inputs:
        sources += [name] if nodes[name].op in _SKELETON else _graph_sources(nodes[name], nodes)
    return sources


def _model_sources(operation: ov.Node) -> list[ov.Node]:
    sources = []
    for value in operation.input_values():
        node = value.get_node()
        sources += [node] if node.get_type_name() in _SKELETON.values() else _model_sources(node)
    return sources
