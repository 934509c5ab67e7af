"""Inception-v1 I3D as a TensorFlow graph: the layers of `inception_i3d`, with weights as constants.

Nothing here creates a variable, so a graph built here is frozen from the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME, OUTPUT_NAME
from i3d_edge.core.numbers import LEAST_PROBABILITY
from i3d_edge.core.spec import Fusion, ModelSpec
from i3d_edge.core.spec_file import SPEC_NODE, spec_to_json
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.inception_i3d import BATCH_NORM_EPSILON, LAYERS, LOGITS_UNIT, MaxPool, Mixed, Unit

# GraphDef version of TensorFlow 1.15: old enough for any reader, new enough for every op used here.
_GRAPH_PRODUCER = 134

Variables = Mapping[str, Float32Array]


@dataclass(frozen=True, slots=True)
class Network:
    """One network's variables by name below the scope, and the scope: "RGB/inception_i3d/" or ""."""

    variables: Variables
    scope: str


def build_features(clip: Any, variables: Variables) -> Any:
    """Build the network up to the average pool, of a clip (N, D, H, W, C), float32, in [-1, 1]; H, W >= 224, D >= 9.

    Returns one feature vector per position, (N, D', H', W', 1024); (N, 9, 1, 1, 1024) for 79 x 224 x 224.
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
    """Build the classifier: features (N, D', 1, 1, 1024) become logits (N, D', num_classes), to be averaged over D'."""
    with tf.name_scope(LOGITS_UNIT):
        weights = tf.constant(variables[f"{LOGITS_UNIT}/conv_3d/w"], name="conv_3d/w")
        bias = tf.constant(variables[f"{LOGITS_UNIT}/conv_3d/b"], name="conv_3d/b")
        x = tf.nn.conv3d(features, weights, (1, 1, 1, 1, 1), "SAME", name="conv_3d/convolution")
        x = tf.nn.bias_add(x, bias, name="conv_3d/BiasAdd")
    return tf.squeeze(x, axis=(2, 3), name="Logits/SpatialSqueeze")


def build_graph_def(networks: Sequence[Network], spec: ModelSpec) -> Any:
    """Build the GraphDef of the networks of a spec's inputs, one or RGB and flow, (N, D, H, W, C) in [-1, 1] each."""
    with tf.Graph().as_default() as graph:
        answers, embeddings = [], []
        for name, network in zip(spec.inputs, networks, strict=True):
            clip = tf.compat.v1.placeholder(tf.float32, spec.input_shape(name), name=name)
            with tf.name_scope(network.scope):
                features = build_features(clip, network.variables)
                answers.append(build_logits(features, network.variables))
                embeddings.append(features)
        _fuse(answers, spec.fusion)
        if spec.has_embedding:
            pooled = [tf.squeeze(features, axis=(2, 3)) for features in embeddings]
            tf.reduce_mean(pooled[0] if len(pooled) == 1 else tf.concat(pooled, axis=2), axis=1, name=EMBEDDING_NAME)
        tf.constant(spec_to_json(spec), name=SPEC_NODE)
        graph_def = graph.as_graph_def()
    graph_def.versions.producer = _GRAPH_PRODUCER
    return graph_def


def _fuse(answers: Sequence[Any], fusion: Fusion | None) -> None:
    """Add the nodes `logits` and `Softmax`. `answers`: logits per temporal position, (N, D', num_classes)."""
    if fusion is None:
        logits = tf.reduce_mean(answers[0], axis=1, name=LOGITS_NAME)
    elif fusion == "logits":
        rgb, flow = (tf.reduce_mean(answer, axis=1) for answer in answers)
        logits = tf.add(rgb, flow, name=LOGITS_NAME)
    else:
        # The softmax of a logarithm of probabilities is those probabilities.
        rgb, flow = (
            tf.nn.softmax(tf.reduce_mean(answer, axis=1), name=f"{stream}_probabilities")
            for stream, answer in zip(("rgb", "flow"), answers, strict=True)
        )
        mean = tf.maximum(tf.multiply(tf.add(rgb, flow), 0.5), LEAST_PROBABILITY)
        logits = tf.math.log(mean, name=LOGITS_NAME)
    tf.nn.softmax(logits, name=OUTPUT_NAME)
