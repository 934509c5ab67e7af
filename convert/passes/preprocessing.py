"""Embedding the preprocessing: the model takes pixels in the caller's layout and normalises them itself."""

import openvino as ov
from openvino import Layout, Type
from openvino.preprocess import PrePostProcessor

from i3d_edge.core.spec import ModelSpec

_TYPES = {"u8": Type.u8, "f32": Type.f32}
_GRAPH_LAYOUT = "NDHWC"


def embed_preprocessing(model: ov.Model, spec: ModelSpec) -> ov.Model:
    """Return a converted model with a spec's layout and types, and mean and scale inside where it takes pixels."""
    processor = PrePostProcessor(model)
    for name, port in spec.inputs.items():
        info = processor.input(f"{name}:0")
        info.tensor().set_layout(Layout(spec.layout)).set_element_type(_TYPES[port.element_type])
        info.model().set_layout(Layout(_GRAPH_LAYOUT))
        if port.takes_pixels:
            # Mean and scale act on numbers, not on bytes, so the conversion has to be spelled out.
            numbers = info.preprocess().convert_element_type(Type.f32)
            numbers.mean(_one_or_all(port.mean)).scale(_one_or_all(port.scale))
    return processor.build()


def _one_or_all(values: tuple[float, ...]) -> float | list[float]:
    """Return the one number that all channels share, which other passes can lay out anew, or all numbers."""
    return values[0] if len(set(values)) == 1 else list(values)
