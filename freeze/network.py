"""Inception-v1 I3D as a TensorFlow graph: the layers of `inception_i3d`, with weights as constants.

Nothing here creates a variable, so a graph built here is frozen from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from i3d_edge.core.arrays import Float32Array
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.inception_i3d import BATCH_NORM_EPSILON, LAYERS, LOGITS_UNIT, MaxPool, Mixed, Unit

Variables = Mapping[str, Float32Array]


def build_features(clip: Any, variables: Variables) -> Any:
    """Build the network up to the average pool.

    Args:
        clip: Tensor, shape (N, D, H, W, C), float32, in [-1, 1]; H = W = 224 at least, D >= 9.
        variables: Arrays by name below the scope, as `variable_shapes` lists them.

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
            return tf.nn.relu(batch_norm(x, unit), name="Relu")

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
