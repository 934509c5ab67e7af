"""I3D on a ResNet-50 or -101, and the slow networks of the same blocks.

Sources: MMAction2's `models/backbones/resnet3d.py` and configs, GluonCV's `action_recognition/i3d_resnet.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.networks.layers import Layer, Layers
from i3d_edge.convert.networks.non_local import Attention, attend
from i3d_edge.core.errors import ArgumentError, CheckpointVariablesError
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import some

_DEPTHS: Mapping[tuple[int, ...], int] = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101}
_STRIDES = (1, 2, 2, 2)
"""Of each stage's first block, along height and width."""
_EXPANSION = 4

Steps = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Network:
    """What the weights of a network do not say, and sometimes no shape of theirs tells apart.

    Attributes:
        time_stride: Of the first convolution and of the first pool.
        has_second_pool: Whether a pool after the first stage halves time.
        attention: Of its non-local blocks, if it has any.
        num_frames, frame_stride: Of the clips that it was trained on.
    """

    time_stride: int = 2
    has_second_pool: bool = True
    attention: Attention | None = None
    num_frames: int = 32
    frame_stride: int = 2


NETWORKS: Mapping[str, Network] = {
    "i3d": Network(),
    "i3d-heavy": Network(time_stride=1),
    "i3d-nl-dot-product": Network(attention=Attention(has_softmax=False)),
    "i3d-nl-embedded-gaussian": Network(attention=Attention()),
    "i3d-nl-gaussian": Network(attention=Attention(is_embedded=False)),
    "i3d-nl-gluoncv": Network(attention=Attention(is_scaled=True, is_subsampled=False)),
    **{
        f"slow-{frames}x{stride}": Network(1, has_second_pool=False, num_frames=frames, frame_stride=stride)
        for frames, stride in ((32, 2), (16, 4), (8, 8))
    },
}
"""By name, as `--network` takes it; those of non-local blocks are named as in MMAction2's configurations."""


def candidates(layers: Layers) -> tuple[str, ...]:
    """Return the names of the networks that layers fit.

    Raises:
        CheckpointVariablesError: If they are the layers of no ResNet of these.
    """
    _require_shapes(layers.by_name)
    if layers.by_name["conv1"].weights.shape[2] == 1:
        return tuple(name for name in NETWORKS if name.startswith("slow"))
    if any(".non_local." in name for name in layers.by_name):
        if layers.publisher == "GluonCV":
            return ("i3d-nl-gluoncv",)
        return (
            ("i3d-nl-dot-product", "i3d-nl-embedded-gaussian") if _is_embedded(layers.by_name) else ("i3d-nl-gaussian",)
        )
    firsts = [layer for name, layer in layers.by_name.items() if name.startswith("layer") and name.endswith(".conv1")]
    return ("i3d", "i3d-heavy") if all(layer.weights.shape[2] == 3 for layer in firsts) else ("i3d",)


def choose_network(layers: Layers, given: str | None) -> str:
    """Return which of `NETWORKS` layers are: the one given, which may be None where they fit one only.

    Raises:
        ArgumentError: If it is needed, or does not fit.
        CheckpointVariablesError: As `candidates` says.
    """
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


def depth(layers: Layers) -> int:
    """Return 50 or 101, for layers that `candidates` takes."""
    return _DEPTHS[_num_blocks(layers.by_name)]


def build_network(layers: Layers, network: Network, spec: ModelSpec, *, logits_output: bool = False) -> ov.Model:
    """Write a network with OpenVINO's operators: ports as the spec states them, convolutions named as their layers."""
    by_name = layers.by_name
    video, value = _input(spec)
    value = _relu("conv1", _convolve(by_name, "conv1", value, (network.time_stride, 2, 2)))
    value = _max_pool("pool1", value, (1, 3, 3), (network.time_stride, 2, 2), (0, 1, 1))
    for stage, number in enumerate(_num_blocks(by_name)):
        for block in range(number):
            name = f"layer{stage + 1}.{block}."
            value = _bottleneck(name, by_name, value, _STRIDES[stage] if block == 0 else 1)
            if f"{name}non_local.g" in by_name and network.attention is not None:
                value = attend(value, network.attention, partial(_convolve, by_name), f"{name}non_local.")
        if stage == 0 and network.has_second_pool:
            value = _max_pool("pool2", value, (2, 1, 1), (2, 1, 1), (0, 0, 0))
    batch, channels, *space = value.get_shape()
    value = ops.avg_pool(value, [1, 1, 1], [0, 0, 0], [0, 0, 0], space, True, name="pool").output(0)
    embedding = ops.reshape(value, [batch, channels], False, name=EMBEDDING_NAME)
    classifier = by_name["fc"]
    products = ops.matmul(embedding, ops.constant(classifier.weights), False, True, name="fc")
    logits = ops.add(products, ops.constant(classifier.bias[np.newaxis]), name=LOGITS_NAME)
    outputs = [ops.softmax(logits, 1, name=spec.head.output), *([logits] if logits_output else []), embedding]
    for node, name in ((outputs[0], spec.head.output), (logits, LOGITS_NAME), (embedding, EMBEDDING_NAME)):
        node.output(0).set_names({name})
    return ov.Model(outputs, [video], "i3d-resnet")


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


def _bottleneck(name: str, layers: Mapping[str, Layer], value: ov.Output, stride: int) -> ov.Output:
    inner, shortcut, steps = value, value, (1, stride, stride)
    for part, moves in (("conv1", (1, 1, 1)), ("conv2", steps)):
        inner = _relu(name + part, _convolve(layers, name + part, inner, moves))
    inner = _convolve(layers, f"{name}conv3", inner)
    if f"{name}downsample" in layers:
        shortcut = _convolve(layers, f"{name}downsample", value, steps)
    return _relu(f"{name}sum", ops.add(inner, shortcut).output(0))


def _convolve(layers: Mapping[str, Layer], name: str, value: ov.Output, steps: Steps = (1, 1, 1)) -> ov.Output:
    """Convolve; the padding is half of the kernel on every axis."""
    layer = layers[name]
    pads = [length // 2 for length in layer.weights.shape[2:]]
    node = ops.convolution(value, ops.constant(layer.weights), list(steps), pads, pads, [1, 1, 1], name=name)
    return ops.add(node, ops.constant(layer.bias.reshape(1, -1, 1, 1, 1))).output(0)


def _relu(name: str, value: ov.Output) -> ov.Output:
    return ops.relu(value, name=f"{name}/relu").output(0)


def _max_pool(name: str, value: ov.Output, kernel: Steps, steps: Steps, pads: Steps) -> ov.Output:
    sizes = (list(steps), [1, 1, 1], list(pads), list(pads), list(kernel))
    return ops.max_pool(value, *sizes, "floor", "explicit", name=name).output(0)


def _num_blocks(layers: Mapping[str, Layer]) -> tuple[int, ...]:
    return tuple(
        sum(name.startswith(f"layer{stage}.") and name.endswith(".conv2") for name in layers) for stage in (1, 2, 3, 4)
    )


def _is_embedded(layers: Mapping[str, Layer]) -> bool:
    return any(name.endswith("non_local.theta") for name in layers)


def _require_shapes(layers: Mapping[str, Layer]) -> None:
    """Refuse layers of another network."""
    if (blocks := _num_blocks(layers)) not in _DEPTHS:
        raise CheckpointVariablesError(
            f"it is no I3D-ResNet-50 or -101: its stages have {', '.join(map(str, blocks))} blocks, "
            f"and its layers have names such as {some(sorted(layers)) or 'none'}"
        )
    expected = dict(_expected_shapes(layers, blocks))
    if differing := sorted(expected.keys() ^ layers.keys()):
        raise CheckpointVariablesError(f"it is no I3D-ResNet: it lacks, or is alone in having, {some(differing)}")
    for name, shapes in expected.items():
        if (shape := layers[name].weights.shape) not in shapes:
            raise CheckpointVariablesError(f"it is no I3D-ResNet: layer {name} has shape {shape}, not {shapes[-1]}")


def _expected_shapes(
    layers: Mapping[str, Layer], blocks: tuple[int, ...]
) -> Iterator[tuple[str, tuple[tuple[int, ...], ...]]]:
    """Yield all layers of a network, and the shapes that each may have."""
    channels = width = len(layers["conv1"].weights) if "conv1" in layers else 0
    yield "conv1", ((width, 3, 1, 7, 7), (width, 3, 5, 7, 7))
    for stage, number in enumerate(blocks):
        inner = width << stage
        for block in range(number):
            name = f"layer{stage + 1}.{block}."
            yield f"{name}conv1", ((inner, channels, 1, 1, 1), (inner, channels, 3, 1, 1))
            yield f"{name}conv2", ((inner, inner, 1, 3, 3),)
            yield f"{name}conv3", ((inner * _EXPANSION, inner, 1, 1, 1),)
            if block == 0:
                yield f"{name}downsample", ((inner * _EXPANSION, channels, 1, 1, 1),)
            channels = inner * _EXPANSION
            if f"{name}non_local.g" in layers:
                for part in ("g", "theta", "phi") if _is_embedded(layers) else ("g",):
                    yield f"{name}non_local.{part}", ((channels // 2, channels, 1, 1, 1),)
                yield f"{name}non_local.out", ((channels, channels // 2, 1, 1, 1),)
    classes = len(layers["fc"].weights) if "fc" in layers else 0
    yield "fc", ((classes, channels),)
