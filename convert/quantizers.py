"""Quantizers of an INT8 model: where values are rounded, and to which steps."""

from __future__ import annotations

import numpy as np
import openvino as ov

QUANTIZER = "FakeQuantize"

SELECTING = frozenset({"Concat", "MaxPool", "Maximum", "Pad", "StridedSlice"})
"""Types of operators that compute nothing: what they give is some of what they read, or the zero of padding."""

_RANGE = slice(1, 5)


def share_ranges(model: ov.Model) -> int:
    """Give quantizers that round the same values one after another the same range, the widest of theirs, in place.

    NNCF puts a quantizer ahead of each Maximum and behind it, and then leaves each branch of a Concat above a range of
    its own. Their values would be rounded twice, to different steps; with one range, the second rounding changes
    nothing.

    Returns:
        How many quantizers were given another range.
    """
    quantizers = [
        node for node in model.get_ordered_ops() if node.get_type_name() == QUANTIZER and _is_of_one_range(node)
    ]
    group_of = {node.get_name(): [node] for node in quantizers}
    for node in quantizers:
        for above in _quantizers_above(node.input_value(0)):
            ours, theirs = group_of[node.get_name()], group_of.get(above.get_name())
            if theirs is not None and theirs is not ours:
                theirs.extend(ours)
                group_of.update((member.get_name(), theirs) for member in ours)
    num_changed = 0
    for node in quantizers:
        widest = max(group_of[node.get_name()], key=_width)
        if _width(widest) > _width(node):
            num_changed += 1
            for port, value in list(zip(node.inputs(), widest.input_values(), strict=True))[_RANGE]:
                port.replace_source_output(value)
    return num_changed


def _quantizers_above(value: ov.Output) -> list[ov.Node]:
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


def _is_of_one_range(quantizer: ov.Node) -> bool:
    bounds = [value.get_node() for value in quantizer.input_values()[_RANGE]]
    return all(node.get_type_name() == "Constant" and node.get_data().size == 1 for node in bounds)


def _width(quantizer: ov.Node) -> float:
    low, high = (np.asarray(value.get_node().get_data(), np.float64).item() for value in quantizer.input_values()[1:3])
    return high - low
