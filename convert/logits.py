"""Where a model's logits are."""

from collections.abc import Mapping

import numpy as np
import openvino as ov

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.errors import SpecError
from i3d_edge.core.i3d_spec import LOGITS_NAME
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.generated import to_feeds


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


def open_in_f32(model: ov.Model, spec: ModelSpec) -> ov.InferRequest:
    """Compile a model, which is left as it was, for `run_logits`, in float32 on the CPU."""
    model = model.clone()
    output_logits(model, spec)
    properties = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    return ov.Core().compile_model(model, "CPU", properties).create_infer_request()


def run_logits(request: ov.InferRequest, pixels: Mapping[str, UInt8Array], spec: ModelSpec) -> Float32Array:
    """Return the logits of clips by input name, (N, D, H, W, C), 0..255; shape (N, num_classes)."""
    request.infer(to_feeds(pixels, spec))
    return np.array(request.get_tensor(LOGITS_NAME).data)
