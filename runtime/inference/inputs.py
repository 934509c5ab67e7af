"""What a model is given: arrays by the name of its inputs, checked before they reach OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.normalisation import bounds, normalised, ordered
from i3d_edge.core.port import NUMPY_TYPES, Port
from i3d_edge.core.spec import ModelSpec

if TYPE_CHECKING:
    from i3d_edge.runtime.views.plan import Clip


Inputs = Array | Mapping[str, Array]
"""A clip for a model of one input; or an array for each input, by its name."""

_RGB_CHANNELS = 3
_BOTH_CHANNELS = 5
_FLOW_HINT = "the model takes optical flow: `VideoClassifier` and `read_clips` compute it from RGB frames"


def model_inputs(clip: Clip, spec: ModelSpec) -> dict[str, Array]:
    """Return a view by the names of a model's inputs, RGB perhaps as pixels; raises ClipShapeError if it lacks flow."""
    if spec.stream != "rgb" and clip.frames.shape[-1] != _BOTH_CHANNELS:
        raise ClipShapeError(
            f"the model takes {spec.stream}, and the clip has no optical flow: its shape is {clip.frames.shape}",
            hint="`read_clips` with the model's own spec computes it",
        )
    rgb, steps = np.split(clip.frames[np.newaxis], [_RGB_CHANNELS], axis=-1)
    return {
        name: spec.lay_out(_pixels(ordered(rgb, port), port) if port.stream == "rgb" else normalised(steps, port))
        for name, port in spec.inputs.items()
    }


def _pixels(pixels: Array, port: Port) -> Array:
    """Return pixels as a port takes them; bytes stay bytes."""
    if pixels.dtype == np.uint8:
        return pixels
    if not port.takes_pixels:
        return normalised(pixels, port)
    return np.rint(pixels).astype(np.uint8) if port.element_type == "u8" else pixels


def graph_inputs(clip: Clip, spec: ModelSpec) -> dict[str, Float32Array]:
    """Return a view as the network takes it: by input, (1, D, H, W, C), float32, normalised; raises ClipShapeError."""
    bare = spec.bare()
    return check_inputs(model_inputs(clip, bare), bare)


def check_inputs(inputs: Inputs, spec: ModelSpec) -> dict[str, Array]:
    """Return one clip's arrays as a model takes them, by the names of its inputs.

    Args:
        inputs: Each in the layout of the spec, with a batch axis of one where the layout has an N. RGB: uint8,
            0..255, in the port's order of colours, whatever the model takes; where it takes float32, also float32 in
            the model's own range: 0..255, or normalised. Flow: float32, normalised.
        spec: The model's.

    Returns:
        C-contiguous arrays of the element types that the model takes; views of what was given where possible.

    Raises:
        ClipShapeError: If an input is absent or unknown, or has another layout, shape, dtype or range.
    """
    single = replace(spec, batch=1)
    if isinstance(inputs, Mapping):
        if set(inputs) != set(spec.inputs):
            raise ClipShapeError(f"the model's inputs are {sorted(spec.inputs)}; got {sorted(inputs)}")
        several = len(spec.inputs) > 1
        return {
            name: _checked(f"input {name!r}" if several else "clip", inputs[name], name, single) for name in spec.inputs
        }
    if len(spec.inputs) > 1:
        raise ClipShapeError(
            f"the model's inputs are {sorted(spec.inputs)}; got one array",
            hint="give a mapping of their names to arrays",
        )
    [name] = spec.inputs
    return {name: _checked("clip", inputs, name, single)}


def _checked(subject: str, values: Array, name: str, spec: ModelSpec) -> Array:
    port, shape = spec.inputs[name], spec.input_shape(name)
    element_type, is_rgb = NUMPY_TYPES[port.element_type], port.stream == "rgb"
    allowed = {element_type, "uint8"} if is_rgb else {element_type}
    if values.shape != shape or values.dtype.name not in allowed:
        raise ClipShapeError(
            f"{subject} must have layout {spec.layout} {shape} {' or '.join(sorted(allowed, reverse=True))}; "
            f"got {values.shape} {values.dtype}",
            hint=_transpose_hint(values.shape, shape, spec.layout)
            if is_rgb or values.dtype != np.uint8
            else _FLOW_HINT,
        )
    if values.dtype != np.uint8:
        lowest, highest = (0.0, 255.0) if port.takes_pixels else bounds(port)
        least, most = float(values.min()), float(values.max())
        if not (lowest <= least and most <= highest):
            raise ClipShapeError(f"{subject} must have values in [{lowest:g}, {highest:g}]; got {least:g} to {most:g}")
    elif not port.takes_pixels:
        values = normalised(values, port, spec.layout.index("C"))
    return np.ascontiguousarray(values, dtype=element_type)


def _transpose_hint(found: tuple[int, ...], shape: tuple[int, ...], own: str) -> str | None:
    """Say which known layout a wrongly ordered clip has."""
    sizes = dict(zip(own, shape, strict=True))
    if found == (1, *shape):
        return "this is a batch of one clip: leave out its first axis"
    if (1, *found) == shape:
        return "this is a clip without its batch axis: put one of length 1 in front"
    for layout in ("NDHWC", "NCDHW", "NDCHW"):
        if "N" not in sizes:
            layout = layout[1:]
        if layout != own and found == tuple(sizes[axis] for axis in layout):
            return f"this is {layout}: transpose it by {tuple(layout.index(axis) for axis in own)}"
    return None
