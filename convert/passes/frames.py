"""Taking whole frames: the model itself resizes them and cuts the central square, as the runtime would.

Resizing and cropping are linear, so they are two matrix products: one over rows, one over columns.
"""

from __future__ import annotations

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import SpecError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.preprocess import resized_size

_PRODUCT_LAYOUT = "NDCHW"
_TYPES = {"u8": ov.Type.u8, "f32": ov.Type.f32}


def take_frames(model: ov.Model, spec: ModelSpec) -> ov.Model:
    """Return the model with an input of whole frames, `spec.frame_px`, instead of cropped ones.

    Args:
        model: Takes cropped frames in the spec's layout, at the one input that the spec names.
        spec: What the result shall take.
    """
    rows, columns = resize_matrices(spec)
    [(name, port)] = spec.inputs.items()
    old = model.input(f"{name}:0")
    frames = ops.parameter(spec.input_shape(name), _TYPES[port.element_type], name=name)
    frames.set_layout(ov.Layout(spec.layout))
    frames.output(0).set_names(old.get_names())
    value = _reorder(ops.convert(frames, "f32"), spec.layout, _PRODUCT_LAYOUT)
    value = ops.matmul(value, ops.constant(columns), False, True, name="resize/columns")
    value = ops.matmul(ops.constant(rows), value, False, False, name="resize/rows")
    value = _reorder(value, _PRODUCT_LAYOUT, spec.layout)
    parameter = old.get_node()
    for target in parameter.output(0).get_target_inputs():
        target.replace_source_output(value.output(0))
    return ov.Model(model.get_results(), [frames], model.get_friendly_name())


def resize_matrices(spec: ModelSpec) -> tuple[Float32Array, Float32Array]:
    """Return what resizes and crops a frame: `rows @ frame @ columns.T`.

    Returns:
        Shapes (crop height, H) and (crop width, W). Each row sums to 1.

    Raises:
        SpecError: If the spec's frames are too small to crop from, or it takes none.
    """
    if spec.frame_px is None:
        raise SpecError("the model takes cropped frames: there is nothing to resize")
    height, width = spec.frame_px
    short_side = spec.short_side_px
    size = spec.crop_px if short_side is None else resized_size(height, width, short_side)
    is_averaged = 2 * min(size) < min(height, width)
    rows, columns = (
        _matrix(length, new_length, crop, is_averaged=is_averaged)
        for length, new_length, crop in zip((height, width), size, spec.crop_px, strict=True)
    )
    return rows, columns


def _matrix(length: int, new_length: int, crop: int, *, is_averaged: bool) -> Float32Array:
    """Return the central rows of the matrix that resizes a line: bilinear, or averaging areas."""
    scale = length / new_length
    places = np.arange(new_length)[(new_length - crop) // 2 :][:crop]
    matrix = np.zeros((crop, length))
    for row, place in enumerate(places):
        if is_averaged:
            begin, end = place * scale, (place + 1) * scale
            samples = np.arange(int(begin), min(length, int(np.ceil(end))))
            matrix[row, samples] = np.minimum(samples + 1, end) - np.maximum(samples, begin)
        else:
            centre = (place + 0.5) * scale - 0.5
            left = int(np.floor(centre))
            for sample, weight in ((left, left + 1 - centre), (left + 1, centre - left)):
                matrix[row, min(max(sample, 0), length - 1)] += weight
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), np.float32)


def _reorder(value: ov.Node, order: str, new_order: str) -> ov.Node:
    if order == new_order:
        return value
    return ops.transpose(value, [order.index(axis) for axis in new_order])
