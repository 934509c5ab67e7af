"""A stage of a model on its way, that answers clips: a frozen graph, an ONNX model, or an IR on some device.

Every stage is fed what the network itself sees, NDHWC float32, normalised, so that wrong preprocessing inside an IR
shows, and so that a stage can be shown what another one sees by mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.logits import output_logits
from i3d_edge.convert.onnx_model import OnnxModel
from i3d_edge.convert.parity import Feeds
from i3d_edge.convert.passes.lowering import TAPS
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import SpecError
from i3d_edge.core.i3d_spec import LOGITS_NAME
from i3d_edge.core.normalisation import denormalised
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import read_ir
from i3d_edge.runtime.inference.devices import compile_model
from i3d_edge.runtime.inference.executed import executed_precision

_LAYER_TYPES = ("Relu", "Concat")
_FRAMES = 4
_PRECISIONS = ("f32", "bf16", "f16", "int8")


@dataclass(frozen=True, slots=True)
class Stage:
    """Something that answers clips."""

    name: str
    precision: str  # what most of its layers compute in: "f32", "bf16", "f16" or "int8"
    stored: str  # how its weights are stored: "FP32", "FP16" or "INT8"
    spec: ModelSpec
    logits: Callable[[Feeds], Float32Array]  # a clip -> (num_classes,)
    # a clip -> the output of every unit by its name, (1, D, H, W, C), in the order of the network
    layers: Callable[[Feeds], Mapping[str, Float32Array]]


def ir_stage(path: Path, *, device: str = "CPU", precision: str | None = None, spec_path: Path | None = None) -> Stage:
    """Open an IR as a stage; None is f32 for FP32 and FP16, and the device's choice for INT8.

    A precision is a wish: where the device has no bf16, OpenVINO computes in f32 and says nothing. So the stage's
    precision, and with it what may differ, is the one that runs. Raises IRError, SpecError or DeviceError.
    """
    model, spec = read_ir(path, spec_path=spec_path)
    _require_one_clip(path, spec)
    _take_floats(model)
    stored = spec.precision or "FP32"
    hint = precision or (None if stored == "INT8" else "f32")

    def answer(feeds: Feeds) -> Float32Array:
        logits: Float32Array = _infer(compiled, feeds, spec)[LOGITS_NAME][0]
        return logits

    def layers(feeds: Feeds) -> Mapping[str, Float32Array]:
        found = _infer(_compile(_with_layers(model), device, hint), feeds, spec)
        return _volumes(found)

    with_logits = model.clone()
    output_logits(with_logits, spec)
    compiled = _compile(with_logits, device, hint)
    asked = "int8" if stored == "INT8" else (precision or "f32")
    ran = executed_precision(compiled)
    computed = ran if ran in _PRECISIONS else asked  # not every device tells
    remark = "" if computed == asked else f", {asked} asked for"
    name = f"{path.name} ({computed}{'' if device == 'CPU' else f' on {device}'}{remark})"
    return Stage(name, computed, stored, spec, answer, layers)


def onnx_stage(path: Path, spec_path: Path | None) -> Stage:
    """Open an ONNX model as a stage, in ONNX Runtime; errors as for `OnnxModel`."""
    model = OnnxModel(path, spec_path)
    _require_one_clip(path, model.spec)

    def layers(feeds: Feeds) -> Mapping[str, Float32Array]:
        return _volumes(model.layers(feeds, _LAYER_TYPES))

    name = f"{path.name} (ONNX Runtime f32)"
    return Stage(name, "f32", "FP32", model.spec, lambda feeds: model.logits(feeds)[0], layers)


def _require_one_clip(path: Path, spec: ModelSpec) -> None:
    if spec.batch != 1:
        raise SpecError(f"a stage takes one clip at a time; {str(path)!r} is {spec.title()}")


def _take_floats(model: ov.Model) -> None:
    """Let inputs of bytes take any number, so that what the network sees is not rounded on its way in."""
    for parameter in model.get_parameters():
        parameter.set_element_type(ov.Type.f32)
    for node in model.get_ops():
        if node.get_type_name() == "Pad" and node.input_value(3).get_element_type() == ov.Type.u8:
            node.input(3).replace_source_output(ops.constant(np.float32(0)).output(0))
    model.validate_nodes_and_infer_types()


def _with_layers(model: ov.Model) -> ov.Model:
    model = model.clone()
    for node in model.get_ordered_ops():
        if node.get_type_name() in _LAYER_TYPES and not node.get_friendly_name().endswith(TAPS):
            node.output(0).set_names({node.get_friendly_name()})
            model.add_outputs(node.output(0))
    return model


def _volumes(layers: Mapping[str, Float32Array]) -> Mapping[str, Float32Array]:
    """Return layers' outputs, NCDHW, or the frames of one clip, DCHW, as NDHWC; what has fewer axes is left out."""
    return {
        name: values.transpose(0, 2, 3, 1)[np.newaxis] if values.ndim == _FRAMES else values.transpose(0, 2, 3, 4, 1)
        for name, values in layers.items()
        if values.ndim >= _FRAMES
    }


def _compile(model: ov.Model, device: str, precision: str | None) -> ov.CompiledModel:
    properties = {"PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        properties["INFERENCE_PRECISION_HINT"] = precision
    return compile_model(model, device, properties, fallback=False)


def _infer(compiled: ov.CompiledModel, feeds: Feeds, spec: ModelSpec) -> dict[str, Float32Array]:
    inputs = {}
    for name, seen in feeds.items():
        port = spec.inputs[name]
        values = denormalised(seen, port) if port.takes_pixels else seen
        inputs[name] = np.ascontiguousarray(spec.lay_out(values), dtype=np.float32)
    results = compiled(inputs)
    return {name: np.array(results[port]) for port in compiled.outputs for name in port.names}
