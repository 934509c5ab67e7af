"""What a model is given: arrays by the name of its inputs, checked before they reach OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.spec import INPUT_NAME, NUM_CHANNELS, NUMPY_TYPES, ModelSpec
from i3d_edge.runtime.views.flow import normalize_flow

if TYPE_CHECKING:
    from i3d_edge.runtime.views.plan import Clip

Array = npt.NDArray[Any]

Inputs = Array | Mapping[str, Array]
"""A clip for a model of one input; or an array for each input, by its name."""

_FLOW_HINT = "the model takes optical flow: `VideoClassifier` and `read_clips` compute it from RGB frames"


def model_inputs(clip: Clip, spec: ModelSpec) -> Inputs:
    """Return a view as a model takes it: RGB, flow, or both by the names of its inputs.

    Args:
        clip: Read with flow where the model takes flow.
        spec: The model's.

    Raises:
        ClipShapeError: If the model takes flow and the clip has none.
    """
    if spec.stream == "rgb":
        return clip.to_layout(spec.layout)
    if clip.frames.shape[-1] != sum(NUM_CHANNELS.values()):
        raise ClipShapeError(
            f"clip must have flow beside its RGB for a model that takes {spec.stream}; got {clip.frames.shape}",
            hint="`read_clips` with the model's own spec computes it",
        )
    rgb, steps = np.split(clip.frames[np.newaxis], [NUM_CHANNELS["rgb"]], axis=-1)
    streams: dict[str, Array] = {"rgb": rgb, "flow": normalize_flow(steps)}
    return {name: spec.lay_out(streams[stream]) for name, stream in spec.inputs.items()}


def graph_inputs(clip: Clip, spec: ModelSpec) -> dict[str, npt.NDArray[np.float32]]:
    """Return a view as a model's frozen graph takes it, and as DeepMind ships its samples.

    Args:
        clip: As for `model_inputs`.
        spec: The model's, or its graph's.

    Returns:
        By input name, shape (1, D, H, W, C), float32, in [-1, 1].

    Raises:
        ClipShapeError: If the clip is not one for this model.
    """
    graph = replace(spec, layout="NDHWC", batch=1, input_type="f32", has_preprocessing=False)
    return check_inputs(model_inputs(clip, graph), graph)


def check_inputs(inputs: Inputs, spec: ModelSpec) -> dict[str, Array]:
    """Return one clip's arrays as a model takes them, by the names of its inputs.

    Args:
        inputs: Each in the layout of the spec, with a batch axis of one where the layout has an N. RGB: uint8,
            0..255, whatever the model takes; where it takes float32, also float32 in the model's own range, 0..255 or
            [-1, 1]. Flow: float32 in [-1, 1].
        spec: The model's.

    Returns:
        C-contiguous arrays of the element types that the model takes; views of what was given where possible.

    Raises:
        ClipShapeError: If an input is absent or unknown, or has another layout, shape, dtype or range.
    """
    single = replace(spec, batch=1)
    if isinstance(inputs, Mapping):
        if set(inputs) != set(spec.inputs):
            raise ClipShapeError(f"model must be given the inputs {sorted(spec.inputs)}; got {sorted(inputs)}")
        return {name: _checked(f"input {name!r}", inputs[name], name, single) for name in spec.inputs}
    if len(spec.inputs) > 1:
        raise ClipShapeError(
            f"model must be given the inputs {sorted(spec.inputs)}; got one array",
            hint="give a mapping of their names to arrays",
        )
    return {INPUT_NAME: _checked("clip", inputs, INPUT_NAME, single)}


def _checked(subject: str, values: Array, name: str, spec: ModelSpec) -> Array:
    shape, element_type = spec.input_shape(name), NUMPY_TYPES[spec.element_type(name)]
    is_rgb, takes_pixels = spec.inputs[name] == "rgb", spec.takes_pixels(name)
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
        _require_range(subject, values, (0.0, 255.0) if takes_pixels else (-1.0, 1.0))
    elif not takes_pixels:
        return np.ascontiguousarray((values.astype(np.float32) - spec.mean) / spec.scale, dtype=element_type)
    return np.ascontiguousarray(values, dtype=element_type)


def _require_range(subject: str, values: Array, bounds: tuple[float, float]) -> None:
    lowest, highest = float(values.min()), float(values.max())
    if not (bounds[0] <= lowest and highest <= bounds[1]):
        raise ClipShapeError(
            f"{subject} must have values in [{bounds[0]:g}, {bounds[1]:g}]; got {lowest:g} to {highest:g}"
        )


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
