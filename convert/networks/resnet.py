"""I3D on a ResNet-50 or -101, and the slow networks of the same blocks.

Sources: MMAction2's `models/backbones/resnet3d.py` and configs, GluonCV's `action_recognition/i3d_resnet.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.networks.layers import Layer, Layers, Shape, require_shapes
from i3d_edge.convert.networks.non_local import Attention, attend
from i3d_edge.convert.networks.operators import convolve, max_pool, relu
from i3d_edge.core.errors import CheckpointVariablesError
from i3d_edge.core.text import some

_DEPTHS: Mapping[tuple[int, ...], int] = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101}
_STRIDES = (1, 2, 2, 2)
"""Of each stage's first block, along height and width."""
_EXPANSION = 4


@dataclass(frozen=True, slots=True)
class ResNet:
    """What the weights of a network do not say, and sometimes no shape of theirs tells apart."""

    time_stride: int = 2  # of the first convolution and of the first pool
    has_second_pool: bool = True  # after the first stage, which halves time
    attention: Attention | None = None  # of its non-local blocks, if it has any

    def title(self, layers: Mapping[str, Layer]) -> str:
        """Name the network for people."""
        num_blocks = sum(name.endswith("non_local.g") for name in layers)
        non_local = f", {num_blocks} non-local blocks" if num_blocks else ""
        return f"I3D-ResNet-{_DEPTHS[_num_blocks(layers)]}{non_local}"

    def features(self, layers: Mapping[str, Layer], value: ov.Output) -> ov.Output:
        """Return the last volume, given a clip, (N, 3, D, H, W)."""
        value = relu("conv1", convolve(layers, "conv1", value, (self.time_stride, 2, 2)))
        value = max_pool("pool1", value, (1, 3, 3), (self.time_stride, 2, 2), (0, 1, 1))
        for stage, number in enumerate(_num_blocks(layers)):
            for block in range(number):
                name = f"layer{stage + 1}.{block}."
                value = _bottleneck(name, layers, value, _STRIDES[stage] if block == 0 else 1)
                if f"{name}non_local.g" in layers and self.attention is not None:
                    value = attend(value, self.attention, partial(convolve, layers), f"{name}non_local.")
            if stage == 0 and self.has_second_pool:
                value = max_pool("pool2", value, (2, 1, 1), (2, 1, 1), (0, 0, 0))
        return value


def resnets_of(layers: Layers) -> tuple[str, ...]:
    """Return the names of the ResNets that layers fit; raises CheckpointVariablesError if there is none."""
    _require_shapes(layers.by_name)
    if layers.by_name["conv1"].weights.shape[2] == 1:
        return ("slow-32x2", "slow-16x4", "slow-8x8")
    if any(".non_local." in name for name in layers.by_name):
        if layers.publisher == "GluonCV":
            return ("i3d-nl-gluoncv",)
        return (
            ("i3d-nl-dot-product", "i3d-nl-embedded-gaussian") if _is_embedded(layers.by_name) else ("i3d-nl-gaussian",)
        )
    firsts = [layer for name, layer in layers.by_name.items() if name.startswith("layer") and name.endswith(".conv1")]
    return ("i3d", "i3d-heavy") if all(layer.weights.shape[2] == 3 for layer in firsts) else ("i3d",)


def _bottleneck(name: str, layers: Mapping[str, Layer], value: ov.Output, stride: int) -> ov.Output:
    inner, shortcut, steps = value, value, (1, stride, stride)
    for part, moves in (("conv1", (1, 1, 1)), ("conv2", steps)):
        inner = relu(name + part, convolve(layers, name + part, inner, moves))
    inner = convolve(layers, f"{name}conv3", inner)
    if f"{name}downsample" in layers:
        shortcut = convolve(layers, f"{name}downsample", value, steps)
    return relu(f"{name}sum", ops.add(inner, shortcut).output(0))


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
    require_shapes(layers, dict(_expected_shapes(layers, blocks)), "I3D-ResNet")


def _expected_shapes(layers: Mapping[str, Layer], blocks: tuple[int, ...]) -> Iterator[tuple[str, tuple[Shape, ...]]]:
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
