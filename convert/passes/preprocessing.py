"""Embedding the preprocessing: the model takes pixels in the caller's layout and normalises them itself."""

from __future__ import annotations

import openvino as ov
from openvino import Layout, Type
from openvino.preprocess import PrePostProcessor

from i3d_edge.core.spec import ModelSpec

_TYPES = {"u8": Type.u8, "f32": Type.f32}
_GRAPH_LAYOUT = "NDHWC"


def embed_preprocessing(model: ov.Model, spec: ModelSpec) -> ov.Model:
    """Return the model with inputs of the spec's layout and type; mean and scale are applied to RGB inputs.

    Args:
        model: As OpenVINO's converter leaves it: NDHWC, float32, inputs named with TensorFlow's ":0".
        spec: What the result shall take.
    """
    processor = PrePostProcessor(model)
    for name in spec.inputs:
        info = processor.input(f"{name}:0")
        info.tensor().set_layout(Layout(spec.layout)).set_element_type(_TYPES[spec.element_type(name)])
        info.model().set_layout(Layout(_GRAPH_LAYOUT))
        if spec.takes_pixels(name):
            # Mean and scale act on numbers, not on bytes, so the conversion has to be spelled out.
            info.preprocess().convert_element_type(Type.f32).mean(spec.mean).scale(spec.scale)
    return processor.build()
