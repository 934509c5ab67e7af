"""Quantizers of an INT8 model: where values are rounded and to which steps, and the convolutions that read them."""

from collections.abc import Mapping

import numpy as np
import openvino as ov
from openvino.utils.node_factory import NodeFactory

from i3d_edge.runtime.steps.operators import constant_of

QUANTIZER = "FakeQuantize"

SELECTING = frozenset({"Concat", "MaxPool", "Maximum", "Pad", "StridedSlice"})
"""Types of operators that compute nothing: what they give is some of what they read, or the zero of padding."""

_RANGE = slice(1, 5)


def share_ranges(model: ov.Model) -> int:
    """Give quantizers that round the same values one after another the widest range of theirs, in place; count changes.

    NNCF puts a quantizer ahead of each Maximum and behind it, and then leaves each branch of a Concat above a range of
    its own. Values would be rounded twice, to different steps; with one range, the second rounding changes nothing.
    """
    quantizers = [
        node for node in model.get_ordered_ops() if node.get_type_name() == QUANTIZER and _is_of_one_range(node)
    ]
    group_of = {node.get_name(): [node] for node in quantizers}
    for node in quantizers:
        for above in quantizers_above(node.input_value(0)):
            ours, theirs = group_of[node.get_name()], group_of.get(above.get_name())
            if theirs is not None and theirs is not ours:
                theirs.extend(ours)
                group_of.update((member.get_name(), theirs) for member in ours)
    num_changed = 0
    for node in quantizers:
        widest = max(group_of[node.get_name()], key=width)
        if width(widest) > width(node):
            num_changed += 1
            for port, value in list(zip(node.inputs(), widest.input_values(), strict=True))[_RANGE]:
                port.replace_source_output(value)
    return num_changed


def quantized_convolutions(model: ov.Model) -> Mapping[str, ov.Node]:
    """Return the convolutions whose weights are quantized, by name."""
    return {
        node.get_friendly_name(): node
        for node in model.get_ops()
        if node.get_type_name() == "Convolution"
        and node.input_value(1).get_node().get_type_name() in (QUANTIZER, "Multiply")
    }


def bias_of(convolution: ov.Node) -> ov.Input | None:
    """Return the input of the addition after a convolution that holds its bias; a residual sum has none."""
    for target in convolution.output(0).get_target_inputs():
        if target.get_node().get_type_name() == "Add":
            other: ov.Input = target.get_node().input(1 - target.get_index())
            if constant_of(other.get_source_output()) is not None:
                return other
    return None


def rebuild(node: ov.Node, sources: list[ov.Output]) -> ov.Output:
    """Return the result of another operator like this one that reads these sources."""
    return NodeFactory("opset13").create(node.get_type_name(), sources, node.get_attributes()).output(0)


def quantizers_above(value: ov.Output) -> list[ov.Node]:
    """Return the quantizers whose values reach this one as they are."""
    found: dict[str, ov.Node] = {}
    seen, waiting = set[str](), [value.get_node()]
    while waiting:
        node = waiting.pop()
        if node.get_type_name() == QUANTIZER:
            found[node.get_name()] = node
        elif node.get_type_name() in SELECTING and node.get_name() not in seen:
            seen.add(node.get_name())
            waiting += [source.get_node() for source in node.input_values()]
    return list(found.values())


def width(quantizer: ov.Node) -> float:
    """Return how far a quantizer's range reaches."""
    low, high = (np.asarray(value.get_node().get_data(), np.float64).item() for value in quantizer.input_values()[1:3])
    return high - low


def _is_of_one_range(quantizer: ov.Node) -> bool:
    bounds = [value.get_node() for value in quantizer.input_values()[_RANGE]]
    return all(node.get_type_name() == "Constant" and node.get_data().size == 1 for node in bounds)
