"""Another head in the place of a network's own: a linear layer that reads what its pool gives."""

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.head import find_head

_FLAT, _LOWERED = 2, 4
"""Axes of pooled features without time and space, and of those lowered to two dimensions."""


def replace_head(model: ov.Model, spec: ModelSpec, weights: FloatArray, bias: FloatArray) -> None:
    """Replace the linear layer of a model, in place, by one in float32; an INT8 model does not round what it reads.

    Args:
        model: An IR of one network.
        spec: Its own.
        weights: Shape (num_classes, C).
        bias: Shape (num_classes,).

    Raises:
        IRError: If the model does not end in a linear layer on pooled features.
    """
    head = find_head(model, spec)
    num_places = len(head.pooled.get_shape()) - _FLAT
    if num_places:
        filters = _constant(weights.reshape(*weights.shape, *[1] * num_places))
        ones, zeros = [1] * num_places, [0] * num_places
        value = ops.convolution(head.pooled, filters, ones, zeros, zeros, ones)
    else:
        value = ops.matmul(head.pooled, _constant(weights), False, True)
    value.set_friendly_name(head.linear.get_friendly_name())
    if _FLAT + num_places == _LOWERED:  # frames lie along the first axis
        value = ops.squeeze(ops.reduce_mean(value, [0], True), [2, 3])
    elif num_places:
        value = ops.reduce_mean(value, [2, 3, 4], False)
    logits = ops.add(value, _constant(bias))
    logits.set_friendly_name(head.logits.get_node().get_friendly_name())
    logits.output(0).set_names(head.logits.get_names())
    head.logits.set_names(set())
    for target in head.logits.get_target_inputs():
        target.replace_source_output(logits.output(0))
    model.validate_nodes_and_infer_types()


def _constant(values: FloatArray) -> ov.Node:
    return ops.constant(np.asarray(values, np.float32))
