"""A small self-describing IR with a 3-D convolution and 3-D pools, made without TensorFlow, that runs at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.i3d_spec import OUTPUT_NAME, i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields

SPEC = i3d_spec(
    labels=LabelSet("letters", tuple("abcde")),
    num_frames=9,
    crop_px=32,
    short_side_px=32,
    layout="NDCHW",
    input_type="u8",
    has_preprocessing=True,
    precision="FP32",
)


def small_model(*, is_flat: bool = False, num_classes: int = 5) -> ov.Model:
    """Return the network; flat is one of four axes at most but for its input and the Reshape that reads it."""
    rng = np.random.default_rng(0)
    clip = ops.parameter(SPEC.clip_shape, ov.Type.u8, name="Placeholder")
    value = ops.divide(ops.subtract(ops.convert(clip, "f32"), ops.constant(np.float32(127.5))), np.float32(127.5))
    if is_flat:
        frames = ops.reshape(clip, ops.constant([9, 3, 32, 32]), False)
        value = ops.divide(ops.subtract(ops.convert(frames, "f32"), ops.constant(np.float32(127.5))), np.float32(127.5))
        weights = ops.constant(rng.normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32))
        value = ops.relu(ops.convolution(value, weights, [2, 2], [1, 1], [1, 1], [1, 1]))
        axes = [2, 3]
    else:
        value = ops.transpose(value, ops.constant([0, 2, 1, 3, 4]))
        weights = ops.constant(rng.normal(0, 0.2, (4, 3, 3, 3, 3)).astype(np.float32))
        value = ops.relu(ops.convolution(value, weights, [1, 2, 2], [1] * 3, [1] * 3, [1] * 3))
        value = ops.max_pool(value, [1, 2, 2], [1] * 3, [0] * 3, [0] * 3, [1, 2, 2]).output(0)
        value = ops.max_pool(value, [2] * 3, [1] * 3, [0] * 3, [0] * 3, [2] * 3).output(0)
        axes = [2, 3, 4]
    mean = ops.reduce_mean(value, ops.constant(axes), False)
    if is_flat:
        mean = ops.reduce_mean(mean, ops.constant([0]), True)
    classes = ops.constant(rng.normal(0, 8, (4, num_classes)).astype(np.float32))
    answer = ops.softmax(ops.matmul(mean, classes, False, False), 1)
    answer.set_friendly_name(OUTPUT_NAME)
    model = ov.Model([answer], [clip], "tiny")
    model.inputs[0].set_names({"Placeholder"})
    model.outputs[0].set_names({OUTPUT_NAME})
    return model


def write_small_ir(path: Path, *, is_flat: bool = False, labels: LabelSet = SPEC.labels) -> Path:
    """Write that IR, describing itself as `i3d convert` does."""
    model = small_model(is_flat=is_flat, num_classes=len(labels.names))
    for name, value in spec_to_fields(replace(SPEC, labels=labels)).items():
        model.set_rt_info(json.dumps(value), [RT_INFO_GROUP, name])
    ov.save_model(model, path, compress_to_fp16=False)
    return path
