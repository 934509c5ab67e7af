"""An IR as OpenVINO Model API's wrapper for action classification takes it: six axes instead of five."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.description import model_api_info
from i3d_edge.convert.saving import check_ir_output, save_ir
from i3d_edge.core.errors import SpecError
from i3d_edge.core.files import staged
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import SOURCE_GROUP, spec_to_fields
from i3d_edge.runtime import read_ir

LAYOUT = "NSCTHW"
"""Model API's letters: N batch, S clips x crops, C channels, T frames, H and W."""

_UNSAID = ("embedded_processing", "mean_values", "orig_height", "orig_width", "scale_values")


@dataclass(frozen=True, slots=True)
class ModelApiReport:
    """What was written.

    Attributes:
        path: The IR's .xml; the weights lie beside it as .bin.
        num_bytes: Both files together.
        spec: Of the IR it was made from.
        shape: Of the input, in the order of `LAYOUT`.
    """

    path: Path
    num_bytes: int
    spec: ModelSpec
    shape: tuple[int, ...]


def export_to_model_api(ir_path: Path, output: Path, *, force: bool = False) -> ModelApiReport:
    """Write an IR's network with an input that Model API's `ActionClassificationModel` takes.

    The input is NSCTHW (1, 1, 3, num_frames, crop, crop), of the IR's own element type, raw RGB pixels 0..255. The
    wrapper normalises by what it reads of mean and scale, and the model does so itself, so `model_info` states
    none; nor `embedded_processing`, which would deny that the wrapper has to resize.

    Args:
        ir_path: The .xml of an IR with one RGB input, of batch 1.
        output: The .xml to write.
        force: Replace an existing IR.

    Raises:
        IRError: If the IR is incomplete or does not describe itself.
        SpecError: If the IR does not take one RGB clip alone.
        OutputError: If the output exists (without `force`) or cannot be written.
    """
    output = check_ir_output(output, force=force)
    model, spec = read_ir(ir_path)
    if not (_takes_raw_rgb(spec) and spec.batch == 1 and spec.head.kind == "probabilities"):
        raise SpecError(
            f"Model API takes models of one RGB clip of raw pixels that give probabilities; this is {spec.title()}"
        )
    shape = (1, 1, 3, spec.num_frames, *spec.crop_px)
    exported = _with_six_axes(model, spec, shape)
    for name, value in spec_to_fields(spec).items():
        exported.set_rt_info(json.dumps(value), [SOURCE_GROUP, name])
    for name, text in _model_info(spec).items():
        exported.set_rt_info(text, ["model_info", name])
    with staged(output, force=force) as temporary:
        save_ir(exported, temporary, output, compress_to_fp16=False)
        num_bytes = sum(path.stat().st_size for path in temporary.parent.iterdir())
    return ModelApiReport(output, num_bytes, spec, shape)


def _takes_raw_rgb(spec: ModelSpec) -> bool:
    ports = list(spec.inputs.values())
    return len(ports) == 1 and (ports[0].stream, ports[0].colour_order, ports[0].takes_pixels) == ("rgb", "RGB", True)


def _with_six_axes(model: ov.Model, spec: ModelSpec, shape: tuple[int, ...]) -> ov.Model:
    [name] = spec.inputs
    port = model.input(name)
    clips = ops.parameter(list(shape), port.element_type, name=name)
    clips.set_layout(ov.Layout(LAYOUT))
    clips.output(0).set_names({name})
    extra, axes = ([1], "NCDHW") if "N" in spec.layout else ([0, 1], "CDHW")
    clip = ops.transpose(ops.squeeze(clips, ops.constant(extra)), [axes.index(axis) for axis in spec.layout])
    for target in port.get_target_inputs():
        target.replace_source_output(clip.output(0))
    return ov.Model(model.get_results(), [clips], model.get_friendly_name())


def _model_info(spec: ModelSpec) -> dict[str, str]:
    info = {name: text for name, text in model_api_info(spec).items() if name not in _UNSAID}
    [(name, port)] = spec.inputs.items()
    return info | {"layout": f"{name}:{LAYOUT}", "input_dtype": port.element_type}
