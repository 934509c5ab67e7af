"""A small 3-D ResNet that is nothing like I3D, and what describes it: the one file that states its preprocessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import openvino as ov
from openvino import opset13 as ops

LABELS = ("walk", "run", "jump", "fall", "rest")
NUM_FRAMES, STRIDE, SIDE_PX = 32, 2, 256
MEAN = (103.53, 116.28, 123.675)
SCALE = (57.375, 57.12, 58.395)
"""ImageNet's, in the order blue, green, red."""

DESCRIPTION: dict[str, Any] = {
    "spec_version": 2,
    "inputs": {"video": {"stream": "rgb", "colour_order": "BGR", "mean": MEAN, "scale": SCALE}},
    "head": {"output": "logits", "kind": "logits"},
    "labels": {"name": "five actions", "names": LABELS},
    "num_frames": NUM_FRAMES,
    "frame_stride": STRIDE,
    "short_side_px": SIDE_PX,
    "crop_px": [SIDE_PX, SIDE_PX],
    "layout": "NCDHW",
}


def write_foreign_ir(path: Path) -> Path:
    """Write the network as an IR, NCDHW float32 in, logits out, and its description beside it as .json."""
    rng = np.random.default_rng(3)

    def convolution(
        value: ov.Node, channels: int, kernel: tuple[int, int, int], stride: tuple[int, int, int]
    ) -> ov.Node:
        shape = (channels, value.output(0).shape[1], *kernel)
        weights = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        pads = [length // 2 for length in kernel]
        return ops.convolution(value, ops.constant(weights), stride, pads, pads, [1, 1, 1])

    video = ops.parameter([1, 3, NUM_FRAMES, SIDE_PX, SIDE_PX], ov.Type.f32, name="video")
    value = ops.relu(convolution(video, 4, (3, 7, 7), (2, 8, 8)))
    for channels, stride in ((4, 1), (8, 2)):
        steps = (stride, stride, stride)
        inner = convolution(ops.relu(convolution(value, channels, (3, 3, 3), steps)), channels, (3, 3, 3), (1, 1, 1))
        shortcut = value if stride == 1 else convolution(value, channels, (1, 1, 1), steps)
        value = ops.relu(ops.add(inner, shortcut))
    pooled = ops.reduce_mean(value, ops.constant([2, 3, 4]), False)
    classes = ops.constant(rng.normal(0, 3, (8, len(LABELS))).astype(np.float32))
    logits = ops.matmul(pooled, classes, False, False)
    video.output(0).set_names({"video"})
    logits.output(0).set_names({"logits"})
    ov.save_model(ov.Model([logits], [video], "foreign"), path, compress_to_fp16=False)
    path.with_suffix(".json").write_text(json.dumps(DESCRIPTION))
    return path


def expected_probabilities(ir_path: Path, video: Path, first_frame: int) -> np.ndarray:
    """Return what the network says of a clip, with nothing of ours: PyAV decodes, NumPy prepares, OpenVINO runs.

    Args:
        ir_path: As `write_foreign_ir` wrote it.
        video: Its frames are SIDE_PX high, so that nothing is resized.
        first_frame: Of the clip.
    """
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    shown = np.stack(frames)[first_frame : first_frame + NUM_FRAMES * STRIDE : STRIDE]
    left = (shown.shape[2] - SIDE_PX) // 2
    pixels = shown[:, :, left : left + SIDE_PX, ::-1].astype(np.float32)
    clip = ((pixels - np.float32(MEAN)) / np.float32(SCALE)).transpose(3, 0, 1, 2)[np.newaxis]
    compiled = ov.compile_model(ir_path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    logits = compiled(np.ascontiguousarray(clip))[0][0].astype(np.float64)
    return np.exp(logits) / np.exp(logits).sum()
