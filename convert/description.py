"""What an IR says of itself: the ModelSpec, and the keys by which OpenVINO's Model API describes models."""

from __future__ import annotations

import json
from collections.abc import Mapping

import openvino as ov

from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields


def describe(model: ov.Model, spec: ModelSpec) -> None:
    """Write the spec, field by field as JSON in place of another one, and Model API's keys into a model's `rt_info`."""
    fields = {name: json.dumps(value) for name, value in spec_to_fields(spec).items()}
    model.set_rt_info(fields, [RT_INFO_GROUP])
    for name, text in _model_info(spec).items():
        model.set_rt_info(text, ["model_info", name])


def _model_info(spec: ModelSpec) -> Mapping[str, str]:
    """Return the keys by which OpenVINO's Model API describes a model.

    Mean and scale are stated for readers; `embedded_processing` says that the model applies them.
    """
    height, width = spec.crop_px
    info = {
        "model_type": "Action Classification",
        "labels": " ".join(name.replace(" ", "_") for name in spec.labels.names),
        "layout": ",".join(f"{name}:{spec.layout}" for name in spec.inputs),
        "orig_width": str(width),
        "orig_height": str(height),
        "reverse_input_channels": "False",
    }
    embedded = next((port for port in spec.inputs.values() if port.takes_pixels), None)
    info["embedded_processing"] = str(embedded is not None)
    if embedded is not None:
        info |= {"mean_values": _numbers(embedded.mean), "scale_values": _numbers(embedded.scale)}
    return info


def _numbers(values: tuple[float, ...]) -> str:
    """Return numbers as Model API reads them: one where it holds for all channels."""
    return " ".join(map(str, values if len(set(values)) > 1 else values[:1]))
