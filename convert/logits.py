"""Where a model's logits are."""

from __future__ import annotations

import openvino as ov

from i3d_edge.core.errors import SpecError
from i3d_edge.core.i3d_spec import LOGITS_NAME
from i3d_edge.core.spec import ModelSpec


def logits_of(model: ov.Model, spec: ModelSpec) -> ov.Output:
    """Return a model's logits: its output, or what enters its softmax; raises SpecError if it ends in neither."""
    value = model.output(spec.head.output).get_node().input_value(0)
    if spec.head.kind == "logits":
        return value
    softmax = value.get_node()
    if softmax.get_type_name() != "Softmax":
        raise SpecError(f"the network ends in {softmax.get_type_name()}: neither in a softmax nor in logits")
    return softmax.input_value(0)


def output_logits(model: ov.Model, spec: ModelSpec) -> None:
    """Give a model an output `LOGITS_NAME` with its logits, if it has none; errors as for `logits_of`."""
    if spec.head.kind == "logits":
        model.output(spec.head.output).add_names({LOGITS_NAME})
    elif not any(LOGITS_NAME in output.names for output in model.outputs):
        logits_of(model, spec).set_names({LOGITS_NAME})
        model.add_outputs(LOGITS_NAME)
