"""Flattening the input: a lowered network takes frames as they are, without the batch axis in front of them."""

from __future__ import annotations

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.spec import ModelSpec


def flatten_input(model: ov.Model, spec: ModelSpec) -> ov.Model:
    """Return a lowered model with inputs of four axes, in the place of the Reshapes that read those of five.

    Args:
        model: As `lower_to_2d` leaves it.
        spec: What the result shall take; its layout has no N.
    """
    frames = []
    for old in model.get_parameters():
        [target] = old.output(0).get_target_inputs()
        reshape = target.get_node()
        name = old.get_friendly_name()
        parameter = ops.parameter(list(reshape.output(0).shape), old.get_element_type(), name=name)
        parameter.set_layout(ov.Layout(spec.layout))
        parameter.output(0).set_names(old.output(0).get_names())
        reshape.output(0).replace(parameter.output(0))
        frames.append(parameter)
    return ov.Model(model.get_results(), frames, model.get_friendly_name())
