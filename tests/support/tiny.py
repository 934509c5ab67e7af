"""IRs of our form that answer in a millisecond: a softmax over the mean of each channel. For all but the network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields

LABELS = LabelSet("five", ("red", "green", "blue", "dark", "light"))
# Columns are classes, rows channels, per grey level.
WEIGHTS = np.array([[4, -2, -2, -1, 1], [-2, 4, -2, -1, 1], [-2, -2, 4, -1, 1]], np.float32) / 64


def tiny_spec(**fields: object) -> ModelSpec:
    """Return a spec of nine frames of 24 pixels, cut from frames whose short side is 32."""
    return i3d_spec(
        **{
            "labels": LABELS,
            "num_frames": 9,
            "crop_px": 24,
            "short_side_px": 32,
            "layout": "NDCHW",
            "input_type": "u8",
            "has_preprocessing": True,
            "precision": "FP32",
            **fields,
        }
    )


def write_tiny_ir(path: Path, *, weights: np.ndarray = WEIGHTS, sees_time: bool = False, **fields: object) -> Path:
    """Write an IR of any stream, layout, batch and input type; one that sees time has a convolution along it."""
    spec = tiny_spec(**fields)
    ports, total = [], None
    for name, described in spec.inputs.items():
        port = ops.parameter(spec.input_shape(name), ov.Type(np.dtype(NUMPY_TYPES[described.element_type])))
        port.output(0).set_names({name})
        axes = [axis for axis, letter in enumerate(spec.layout) if letter in "DHW"]
        value = ops.convert(port, "f32")
        if sees_time:
            kernel = np.random.default_rng(len(name)).normal(0, 1, (described.channels, described.channels, 3, 1, 1))
            value = ops.transpose(value, ops.constant([spec.layout.index(axis) for axis in "NCDHW"]))
            value = ops.relu(ops.convolution(value, kernel.astype(np.float32), [1] * 3, [1, 0, 0], [1, 0, 0], [1] * 3))
            axes = [2, 3, 4]
        mean = ops.reduce_mean(value, ops.constant(axes))
        if "N" not in spec.layout:
            mean = ops.unsqueeze(mean, ops.constant(0))
        logits = ops.matmul(mean, ops.constant(weights[: described.channels]), False, False)
        total = logits if total is None else ops.add(total, logits)
        ports.append(port)
    output = ops.softmax(total, 1)
    output.output(0).set_names({spec.head.output})
    model = ov.Model([output], ports, "tiny")
    for name, value in spec_to_fields(spec).items():
        model.set_rt_info(json.dumps(value), [RT_INFO_GROUP, name])
    ov.save_model(model, path, compress_to_fp16=False)
    return path
