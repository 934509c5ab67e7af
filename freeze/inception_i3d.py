"""Inception-v1 I3D as a TensorFlow graph, with the variable names of DeepMind's checkpoints.

The network is a table (`LAYERS`) and one function that walks it. Nothing here creates a variable:
weights are handed in as arrays and become constants, so a graph built here is frozen from the start.

Source: Carreira and Zisserman, "Quo Vadis, Action Recognition?", figure 3; names, kernel sizes and
the batch norm's form (no gamma, epsilon 1e-3) from kinetics-i3d `i3d.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from freeze._tensorflow import tf

Variables = Mapping[str, npt.NDArray[np.float32]]
Normalise = Callable[[Any, str], Any]

BATCH_NORM_EPSILON = 1e-3
NUM_FEATURES = 1024
LOGITS_UNIT = "Logits/Conv3d_0c_1x1"


@dataclass(frozen=True)
class Unit:
    """Convolution, batch norm, ReLU: a `kernel`-cube with `filters` outputs, the same `stride` on every axis."""

    name: str
    kernel: int
    filters: int
    stride: int = 1


@dataclass(frozen=True)
class MaxPool:
    """Max pooling with SAME padding; `kernel` and `stride` are (depth, height, width)."""

    name: str
    kernel: tuple[int, int, int]
    stride: tuple[int, int, int]


@dataclass(frozen=True)
class Mixed:
    """An Inception block: 1x1; 1x1 then 3x3; 1x1 then 3x3; 3x3 max pool then 1x1; concatenated."""

    name: str
    filters: tuple[int, int, int, int, int, int]

    def branches(self) -> tuple[tuple[Unit | MaxPool, ...], ...]:
        """Return the four branches, each a chain of layers named below the block."""
        # One unit of the published checkpoints is misnamed, and its name is part of the format.
        second = "Conv3d_0a_3x3" if self.name == "Mixed_5b" else "Conv3d_0b_3x3"
        f0, f1a, f1b, f2a, f2b, f3 = self.filters
        return (
            (Unit("Branch_0/Conv3d_0a_1x1", 1, f0),),
            (Unit("Branch_1/Conv3d_0a_1x1", 1, f1a), Unit("Branch_1/Conv3d_0b_3x3", 3, f1b)),
            (Unit("Branch_2/Conv3d_0a_1x1", 1, f2a), Unit(f"Branch_2/{second}", 3, f2b)),
            (
                MaxPool("Branch_3/MaxPool3d_0a_3x3", (3, 3, 3), (1, 1, 1)),
                Unit("Branch_3/Conv3d_0b_1x1", 1, f3),
            ),
        )


LAYERS: tuple[Unit | MaxPool | Mixed, ...] = (
    Unit("Conv3d_1a_7x7", 7, 64, stride=2),
    MaxPool("MaxPool3d_2a_3x3", (1, 3, 3), (1, 2, 2)),
    Unit("Conv3d_2b_1x1", 1, 64),
    Unit("Conv3d_2c_3x3", 3, 192),
    MaxPool("MaxPool3d_3a_3x3", (1, 3, 3), (1, 2, 2)),
    Mixed("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    Mixed("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    MaxPool("MaxPool3d_4a_3x3", (3, 3, 3), (2, 2, 2)),
    Mixed("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    Mixed("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    Mixed("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    Mixed("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    Mixed("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    MaxPool("MaxPool3d_5a_2x2", (2, 2, 2), (2, 2, 2)),
    Mixed("Mixed_5b", (256, 160, 320, 32, 128, 128)),
    Mixed("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)


def units(num_channels: int) -> Iterator[tuple[Unit, int]]:
    """Yield every convolution unit with its full name and its number of input channels, in network order."""
    channels = num_channels
    for layer in LAYERS:
        if isinstance(layer, Unit):
            yield layer, channels
            channels = layer.filters
        elif isinstance(layer, Mixed):
            outputs = 0
            for branch in layer.branches():
                inputs = channels
                for step in branch:
                    if isinstance(step, Unit):
                        full_name = f"{layer.name}/{step.name}"
                        yield Unit(full_name, step.kernel, step.filters, step.stride), inputs
                        inputs = step.filters
                outputs += inputs
            channels = outputs


def variable_shapes(num_channels: int, num_classes: int) -> dict[str, tuple[int, ...]]:
    """Return the network's 230 variables, named below the scope, with the shapes the graph needs.

    Args:
        num_channels: Channels of the input: 3 for RGB, 2 for optical flow.
        num_classes: Length of the logits.

    Returns:
        Weights have shape (depth, height, width, in, out); batch norm tensors (1, 1, 1, 1, C); the bias (C,).
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for unit, inputs in units(num_channels):
        shapes[f"{unit.name}/conv_3d/w"] = (*(unit.kernel,) * 3, inputs, unit.filters)
        for name in ("beta", "moving_mean", "moving_variance"):
            shapes[f"{unit.name}/batch_norm/{name}"] = (1, 1, 1, 1, unit.filters)
    shapes[f"{LOGITS_UNIT}/conv_3d/w"] = (1, 1, 1, NUM_FEATURES, num_classes)
    shapes[f"{LOGITS_UNIT}/conv_3d/b"] = (num_classes,)
    return shapes


def build_features(clip: Any, variables: Variables, normalise: Normalise | None = None) -> Any:
    """Build the network up to the average pool.

    Args:
        clip: Tensor, shape (N, D, H, W, C), float32, in [-1, 1]; H = W = 224 at least, D >= 9.
        variables: Arrays by name below the scope, as `variable_shapes` lists them.
        normalise: Replaces batch norm: called with a convolution's output and its unit's name.

    Returns:
        Tensor, shape (N, D', H', W', 1024): one feature vector per position; (N, 9, 1, 1, 1024) for a
        clip of 79 x 224 x 224.
    """

    def batch_norm(x: Any, unit: str) -> Any:
        mean, variance, beta = (
            tf.constant(variables[f"{unit}/batch_norm/{name}"], name=f"batch_norm/{name}")
            for name in ("moving_mean", "moving_variance", "beta")
        )
        return tf.nn.batch_normalization(x, mean, variance, beta, None, BATCH_NORM_EPSILON, name="batch_norm")

    def apply(x: Any, layer: Unit | MaxPool, block: str = "") -> Any:
        if isinstance(layer, MaxPool):
            return tf.nn.max_pool3d(x, (1, *layer.kernel, 1), (1, *layer.stride, 1), "SAME", name=layer.name)
        with tf.name_scope(layer.name):
            unit = block + layer.name
            weights = tf.constant(variables[f"{unit}/conv_3d/w"], name="conv_3d/w")
            strides = (1, *(layer.stride,) * 3, 1)
            x = tf.nn.conv3d(x, weights, strides, "SAME", name="conv_3d/convolution")
            return tf.nn.relu((normalise or batch_norm)(x, unit), name="Relu")

    for layer in LAYERS:
        if isinstance(layer, Mixed):
            with tf.name_scope(layer.name):
                outputs = []
                for branch in layer.branches():
                    y = clip
                    for step in branch:
                        y = apply(y, step, f"{layer.name}/")
                    outputs.append(y)
                clip = tf.concat(outputs, axis=4, name="concat")
        else:
            clip = apply(clip, layer)
    return tf.nn.avg_pool3d(clip, (1, 2, 7, 7, 1), (1, 1, 1, 1, 1), "VALID", name="Logits/AvgPool3D")


def build_logits(features: Any, variables: Variables) -> Any:
    """Build the classifier on top of `build_features`.

    Args:
        features: Tensor, shape (N, D', 1, 1, 1024).
        variables: Arrays by name below the scope.

    Returns:
        Tensor, shape (N, D', num_classes), float32: logits per temporal position, to be averaged over D'.
    """
    with tf.name_scope(LOGITS_UNIT):
        weights = tf.constant(variables[f"{LOGITS_UNIT}/conv_3d/w"], name="conv_3d/w")
        bias = tf.constant(variables[f"{LOGITS_UNIT}/conv_3d/b"], name="conv_3d/b")
        x = tf.nn.conv3d(features, weights, (1, 1, 1, 1, 1), "SAME", name="conv_3d/convolution")
        x = tf.nn.bias_add(x, bias, name="conv_3d/BiasAdd")
    return tf.squeeze(x, axis=(2, 3), name="Logits/SpatialSqueeze")
