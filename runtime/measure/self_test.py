"""A self-test of a few seconds: does a device compute a small network correctly?"""

import time

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.finding import Finding
from i3d_edge.core.numbers import softmax
from i3d_edge.runtime.inference.devices import device_family, first_reason

_CLIP_SHAPE = (1, 3, 8, 32, 32)
_NUM_FILTERS, _TAPS, _STRIDE = 8, 3, 2
_NUM_CLASSES = 5
_F32_BOUND, _DEVICE_BOUND = 1e-5, 0.02


def check_device(core: ov.Core, device: str) -> Finding:
    """Run a small network on a device and compare its probabilities with NumPy's.

    The network is a 3-D convolution of stride 2, ReLU, 3-D max pool, mean and softmax. The CPU computes it in f32,
    other devices in their default precision, with a wider bound.
    """
    weights, classes, clip = _numbers()
    is_cpu = device_family(device) == "CPU"
    properties = {"INFERENCE_PRECISION_HINT": "f32"} if is_cpu else {}
    bound = _F32_BOUND if is_cpu else _DEVICE_BOUND
    started = time.perf_counter()
    try:
        compiled = core.compile_model(_model(weights, classes), device, properties)
        [answer] = compiled(clip).values()
    except RuntimeError as error:
        return Finding("broken" if is_cpu else "warning", f"cannot run a 3-D convolution: {first_reason(error)}")
    taken_ms = 1000 * (time.perf_counter() - started)
    difference = float(np.abs(np.asarray(answer) - _expected(weights, classes, clip)).max())
    if not difference <= bound:
        return Finding(
            "broken",
            f"computes a small 3-D network wrong: probabilities differ by {difference:.2g} from NumPy's; "
            f"up to {bound:g} is rounding",
            "do not use this device; try a newer driver or OpenVINO",
        )
    return Finding("ok", f"computes a small 3-D network correctly, in {taken_ms:.0f} ms")


def _numbers() -> tuple[Float32Array, Float32Array, Float32Array]:
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.1, (_NUM_FILTERS, _CLIP_SHAPE[1], _TAPS, _TAPS, _TAPS)).astype(np.float32)
    classes = rng.normal(0, 1, (_NUM_FILTERS, _NUM_CLASSES)).astype(np.float32)
    return weights, classes, rng.uniform(-1, 1, _CLIP_SHAPE).astype(np.float32)


def _model(weights: Float32Array, classes: Float32Array) -> ov.Model:
    clip = ops.parameter(_CLIP_SHAPE, ov.Type.f32)
    value = ops.convolution(clip, ops.constant(weights), [_STRIDE] * 3, [1] * 3, [1] * 3, [1] * 3)
    pooled = ops.max_pool(ops.relu(value), [2] * 3, [1] * 3, [0] * 3, [0] * 3, [2] * 3).output(0)
    mean = ops.reduce_mean(pooled, ops.constant([2, 3, 4]), False)
    return ov.Model([ops.softmax(ops.matmul(mean, ops.constant(classes), False, False), 1)], [clip], "self-test")


def _expected(weights: Float32Array, classes: Float32Array, clip: Float32Array) -> Float32Array:
    padded = np.pad(clip[0], ((0, 0), (1, 1), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_TAPS,) * 3, axis=(1, 2, 3))
    value = np.einsum("cdhwijk,ocijk->odhw", windows[:, ::_STRIDE, ::_STRIDE, ::_STRIDE], weights, optimize=True)
    depth, height, width = (size // 2 for size in value.shape[1:])
    blocks = np.maximum(value, 0).reshape(_NUM_FILTERS, depth, 2, height, 2, width, 2)
    logits = blocks.max(axis=(2, 4, 6)).mean(axis=(1, 2, 3)) @ classes
    return softmax(logits).astype(np.float32)
