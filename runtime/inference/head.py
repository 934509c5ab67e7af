"""The end of a network: an average pool over a feature map, and a linear layer on it.

It is found by its operators, not by their names: in an IR of `i3d convert`, folded or lowered to two dimensions, in
INT8, in an ONNX model, and in a model of exact steps, whose head reads whole windows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.arrays import Float32Array, FloatArray
from i3d_edge.core.errors import IRError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.steps.operators import is_constant

Extra = Literal["embedding", "mean", "logits", "feature_map"]
"""What a network can give beside its answer, float32. "embedding": what the linear layer reads, averaged over the
places of the pool, (N, C); its product with the weights, plus the bias, is the logits. "mean": of the feature map,
(N, C), every frame counted alike, while the pool of I3D counts the first and the last half. "logits": (N, num_classes).
"feature_map": (N, C, T, H, W)."""

_BEHIND = ("ReduceMean", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
_BETWEEN = ("FakeQuantize", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
_SPACE = 2  # first axis of the pooled ones
_LOWERED = 4  # axes of what is lowered to two dimensions


@dataclass(frozen=True)
class Head:
    """The head of a model."""

    feature_map: ov.Output  # what the pool reads, (N, C, T, H, W); lowered to two dimensions (T, C, H, W), N being 1
    pooled: ov.Output  # what it gives, before it is quantized: (N, C, T', 1, 1) or (N, C); lowered (T', C, 1, 1)
    kernel: tuple[int, int, int]  # of the pool, (t, h, w): T' = T - t + 1, and h and w are those of the feature map
    linear: ov.Node  # the Convolution or MatMul that reads it
    logits: ov.Output  # (N, num_classes)
    bias_value: ov.Output | None  # what is added to the products

    @cached_property
    def weights(self) -> Float32Array:
        """Those of the linear layer, (num_classes, C); in INT8 multiplied by their scale."""
        values = _computed(self.linear.input_value(1))
        if self.linear.get_type_name() == "MatMul" and not self.linear.get_attributes()["transpose_b"]:
            values = values.T
        return np.ascontiguousarray(values.reshape(len(values), -1))

    @cached_property
    def bias(self) -> Float32Array:
        """That of the linear layer, (num_classes,)."""
        if self.bias_value is None:
            return np.zeros(self.logits.get_shape()[1], np.float32)
        return _computed(self.bias_value).ravel()

    @property
    def shares(self) -> Float32Array:
        """How much each frame of the feature map counts in the answer, (T,): of 10, pooled by 2, 1/18 1/9 .. 1/18."""
        shape = self.feature_map.get_shape()
        num_frames = shape[0 if len(shape) == _LOWERED else _SPACE]
        return position_shares((num_frames,), self.kernel[:1]).astype(np.float32)

    def value(self, extra: Extra) -> ov.Output:
        """Return one of the values that a model can give, see `Extra`."""
        if extra == "logits":
            return self.logits
        source = self.feature_map
        shape = list(source.get_shape())
        if len(shape) == _LOWERED:  # frames lie along the first axis
            shape = [1, shape[1], shape[0], *shape[_SPACE:]]
            source = ops.reshape(ops.transpose(source, [1, 0, 2, 3]), shape, False).output(0)
        if extra == "feature_map":
            return source
        # Not read from the pool, which would then no longer be fused with what quantizes it: answers would change.
        shares = self.shares if extra == "embedding" else np.full(shape[_SPACE], 1 / shape[_SPACE], np.float32)
        frames = ops.reduce_mean(source, [3, 4], False)
        return ops.reduce_sum(ops.multiply(frames, ops.constant(shares)), [_SPACE], False).output(0)


def find_head(model: ov.Model, spec: ModelSpec) -> Head:
    """Find a model's head; raises IRError if it has none, as one that joins two networks, or of continuous steps."""
    logits = model.output(spec.head.output).get_node().input_value(0)
    if logits.get_node().get_type_name() == "Softmax":
        logits = logits.get_node().input_value(0)
    value, bias = logits, None
    while (node := value.get_node()).get_type_name() not in ("Convolution", "MatMul"):
        variable = [each for each in node.input_values() if not is_constant(each)]
        if node.get_type_name() == "Add" and len(variable) == 1 and bias is None:
            [bias] = [each for each in node.input_values() if is_constant(each)]
        elif node.get_type_name() not in _BEHIND:
            raise _no_head(node)
        value = variable[0]
    linear, value = node, node.input_value(0)
    weights = linear.input_value(1)
    if not is_constant(weights) or set(weights.get_shape()[_SPACE:]) > {1}:
        raise _no_head(linear)
    while (node := value.get_node()).get_type_name() in _BETWEEN:
        value = node.input_value(0)
    feature_map, kernel = _pool(node)
    return Head(feature_map, node.output(0), kernel, linear, logits, bias)


def expose(model: ov.Model, spec: ModelSpec, extras: Sequence[Extra]) -> None:
    """Add outputs to a model, in place: behind its own, in the order of `extras`; raises IRError as `find_head`.

    An output of the model's own that has that name is taken as it is.
    """
    own = {name: port.get_node().input_value(0) for port in model.outputs for name in port.names}
    values = [own.get(name) or find_head(model, spec).value(name) for name in extras]
    model.add_results([ops.result(value) for value in values])


def position_shares(size: Sequence[int], kernel: Sequence[int]) -> FloatArray:
    """Return how much each position counts in the mean over all windows of a pool; they sum to 1.

    Example:
        3 positions, windows of 2 -> [0.25, 0.5, 0.25]: the inner one is in both windows.
    """
    shares = np.ones(())
    for length, window in zip(size, kernel, strict=True):
        num_windows = length - window + 1
        covered = np.convolve(np.ones(num_windows), np.ones(window))
        shares = np.multiply.outer(shares, covered / (num_windows * window))
    return shares


def _pool(node: ov.Node) -> tuple[ov.Output, tuple[int, int, int]]:
    """Return what an average pool reads, and its kernel."""
    kind = node.get_type_name()
    if kind not in ("AvgPool", "ReduceMean"):
        raise _no_head(node)
    source, kernel = node.input_value(0), list(node.get_attributes().get("kernel", ()))
    shape = list(source.get_shape())
    if kind == "ReduceMean" and sorted(np.ravel(_computed(node.input_value(1))) % len(shape)) == [2, 3, 4]:
        kernel = shape[_SPACE:]
    elif kind == "AvgPool" and len(shape) == _LOWERED:
        source, num_taps = _frames(source)
        shape = [1, shape[1], source.get_shape()[0], *source.get_shape()[_SPACE:]]
        kernel = [num_taps, kernel[0] // num_taps, kernel[1]]
    if len(kernel) + _SPACE != len(shape) or kernel[1:] != shape[3:]:
        raise _no_head(node)
    num_places = shape[_SPACE] - kernel[0] + 1
    if math.prod(node.output(0).get_shape()) != math.prod((*shape[:_SPACE], num_places)):  # padded, or by strides
        raise _no_head(node)
    return source, (kernel[0], kernel[1], kernel[2])


def _frames(pictures: ov.Output) -> tuple[ov.Output, int]:
    """Return the frames that stand in pictures one above the other, and how many in each."""
    num_taps = 1
    while (node := pictures.get_node()).get_type_name() == "StridedSlice" or (
        node.get_type_name() == "Concat" and node.get_attributes()["axis"] == _SPACE
    ):
        num_taps = max(num_taps, node.get_input_size() if node.get_type_name() == "Concat" else 1)
        pictures = node.input_value(0)
    return pictures, num_taps


def _no_head(node: ov.Node) -> IRError:
    return IRError(
        "the model's answer is not that of a linear layer on an average of one feature map: "
        f"{node.get_type_name()} {node.get_friendly_name()!r} is in its place",
        hint="give an IR of one network, as `i3d convert` makes it",
    )


def _computed(value: ov.Output) -> Float32Array:
    """Return what follows from constants alone."""
    compiled = ov.compile_model(ov.Model([value], []), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled([])[0], np.float32)
