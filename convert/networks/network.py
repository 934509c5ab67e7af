"""Networks by name: which ones weights fit, and the model of one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.networks.inception import V1, V3, Inception, inceptions_of
from i3d_edge.convert.networks.layers import Layers
from i3d_edge.convert.networks.non_local import Attention
from i3d_edge.convert.networks.resnet import ResNet, resnets_of
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.family import GLUONCV_INCEPTION, I3D_RESNET, Family
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Network:
    """What the weights of a network do not say."""

    body: ResNet | Inception  # all but the classifier
    family: Family = I3D_RESNET
    num_frames: int = 32  # of the clips that it was trained on
    frame_stride: int = 2
    short_side_px: int = 256  # of the frames that it was tested on
    crop_px: int = 256
    min_crop_px: int = 1  # of smaller crops nothing would be left


NETWORKS: Mapping[str, Network] = {
    "i3d": Network(ResNet()),
    "i3d-heavy": Network(ResNet(time_stride=1)),
    "i3d-nl-dot-product": Network(ResNet(attention=Attention(has_softmax=False))),
    "i3d-nl-embedded-gaussian": Network(ResNet(attention=Attention())),
    "i3d-nl-gaussian": Network(ResNet(attention=Attention(is_embedded=False))),
    "i3d-nl-gluoncv": Network(ResNet(attention=Attention(is_scaled=True, is_subsampled=False))),
    **{
        f"slow-{frames}x{stride}": Network(ResNet(1, has_second_pool=False), num_frames=frames, frame_stride=stride)
        for frames, stride in ((32, 2), (16, 4), (8, 8))
    },
    "i3d-inceptionv1": Network(V1, GLUONCV_INCEPTION, crop_px=224, min_crop_px=17),
    "i3d-inceptionv3": Network(V3, GLUONCV_INCEPTION, short_side_px=340, crop_px=299, min_crop_px=75),
}
"""By name, as `--network` takes it; those of non-local blocks are named as in MMAction2's configurations."""


def candidates(layers: Layers) -> tuple[str, ...]:
    """Return the names of the networks that layers fit; raises CheckpointVariablesError if there is none."""
    return inceptions_of(layers) if "features.0" in layers.by_name else resnets_of(layers)


def choose_network(layers: Layers, given: str | None) -> str:
    """Return the given network, or the one that layers fit; raises ArgumentError if it is needed or does not fit."""
    fitting = candidates(layers)
    choices = " or ".join(f"--network {name}" for name in fitting)
    if given is None and len(fitting) > 1:
        raise ArgumentError(
            f"the weights fit {len(fitting)} networks, which have the same tensors and compute differently: "
            f"{', '.join(fitting)}",
            hint=f"say which it is: {choices}",
        )
    if given is not None and given not in fitting:
        raise ArgumentError(f"the weights are not those of {given}", hint=f"they fit {choices}")
    return given or fitting[0]


def title(layers: Layers) -> str:
    """Name a network for people, given layers that `candidates` takes."""
    return NETWORKS[candidates(layers)[0]].body.title(layers.by_name)


def build_network(layers: Layers, network: Network, spec: ModelSpec, *, logits_output: bool = False) -> ov.Model:
    """Write a network with OpenVINO's operators: ports as the spec states them, convolutions named as their layers."""
    by_name = layers.by_name
    video, value = _input(spec)
    value = network.body.features(by_name, value)
    batch, channels, *space = value.get_shape()
    value = ops.avg_pool(value, [1, 1, 1], [0, 0, 0], [0, 0, 0], space, True, name="pool").output(0)
    embedding = ops.reshape(value, [batch, channels], False, name=EMBEDDING_NAME)
    classifier = by_name["fc"]
    products = ops.matmul(embedding, ops.constant(classifier.weights), False, True, name="fc")
    logits = ops.add(products, ops.constant(classifier.bias[np.newaxis]), name=LOGITS_NAME)
    outputs = [ops.softmax(logits, 1, name=spec.head.output), *([logits] if logits_output else []), embedding]
    for node, name in ((outputs[0], spec.head.output), (logits, LOGITS_NAME), (embedding, EMBEDDING_NAME)):
        node.output(0).set_names({name})
    return ov.Model(outputs, [video], network.family.name)


def _input(spec: ModelSpec) -> tuple[ov.Node, ov.Output]:
    """Return the input of a model, and what the network sees of it, (N, C, D, H, W)."""
    [(name, port)] = spec.inputs.items()
    video = ops.parameter(list(spec.input_shape(name)), np.dtype(NUMPY_TYPES[port.element_type]), name=name)
    video.set_layout(ov.Layout(spec.layout))
    video.output(0).set_names({name})
    order = [spec.layout.index(axis) for axis in "NCDHW"]
    value = video if order == sorted(order) else ops.transpose(video, order)
    if port.takes_pixels:
        mean, scale = (np.array(values, np.float32).reshape(1, -1, 1, 1, 1) for values in (port.mean, port.scale))
        numbers = value if port.element_type == "f32" else ops.convert(value, "f32")
        value = ops.multiply(ops.subtract(numbers, ops.constant(mean)), ops.constant(1 / scale))
    return video, value.output(0)
