"""I3D on Inception-V1 and -V3, as GluonCV inflates them: layers are named by their places in a tree of blocks.

Neither is DeepMind's I3D, which pads otherwise. Sources: GluonCV's `action_recognition/i3d_inceptionv1.py` and
`i3d_inceptionv3.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.networks.layers import Layer, Layers, Shape, require_shapes
from i3d_edge.convert.networks.operators import Steps, convolve, max_pool, relu

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A convolution with its ReLU, or a pool; a mean counts what is padded."""

    kernel: Steps
    steps: Steps = (1, 1, 1)
    is_padded: bool = True  # along height and width; time always is
    kind: Literal["convolution", "maximum", "mean"] = "convolution"

    def write(self, layers: Mapping[str, Layer], name: str, value: ov.Output) -> ov.Output:
        time, height, width = ((length - 1) // 2 for length in self.kernel)
        pads = (time, height, width) if self.is_padded else (time, 0, 0)
        if self.kind == "convolution":
            return relu(name, convolve(layers, name, value, self.steps, pads))
        if self.kind == "maximum":
            return max_pool(name, value, self.kernel, self.steps, pads)
        return ops.avg_pool(value, list(self.steps), pads, pads, list(self.kernel), False, name=name).output(0)


@dataclass(frozen=True, slots=True)
class _Fork:
    """Branches that all see the same, and whose channels are then put side by side."""

    branches: tuple[_Part, ...]


_Part: TypeAlias = "_Unit | _Fork | tuple[_Part, ...]"
"""A tuple's parts follow each other."""

_CONV1, _CONV3, _CONV5 = (_Unit((side, side, side)) for side in (1, 3, 5))
_CONV771, _CONV717, _CONV331, _CONV313 = (_Unit(sides) for sides in ((7, 7, 1), (7, 1, 7), (3, 3, 1), (3, 1, 3)))
_INNER_CONV3 = _Unit((3, 3, 3), is_padded=False)
_HALVING_CONV3 = _Unit((3, 3, 3), (2, 2, 2), is_padded=False)
_HALVING_MAX = _Unit((3, 3, 3), (2, 2, 2), is_padded=False, kind="maximum")
_MAX3, _MEAN3 = _Unit((3, 3, 3), kind="maximum"), _Unit((3, 3, 3), kind="mean")

_FLAT_MAX = _Unit((1, 3, 3), (1, 2, 2), kind="maximum")
_MIXED = _Fork(((_CONV1,), (_CONV1, _CONV3), (_CONV1, _CONV3), (_MAX3, _CONV1)))

_SLIDING_MAX = _Unit((3, 3, 3), (1, 2, 2), is_padded=False, kind="maximum")
_A = _Fork(((_CONV1,), (_CONV1, _CONV5), (_CONV1, _CONV3, _CONV3), (_MEAN3, _CONV1)))
_B = _Fork(((_HALVING_CONV3,), (_CONV1, _CONV3, _HALVING_CONV3), (_HALVING_MAX,)))
_LONG = (_CONV1, _CONV771, _CONV717, _CONV771, _CONV717)
_C = _Fork(((_CONV1,), (_CONV1, _CONV717, _CONV771), _LONG, (_MEAN3, _CONV1)))
_D = _Fork(((_CONV1, _HALVING_CONV3), (_CONV1, _CONV717, _CONV771, _HALVING_CONV3), (_HALVING_MAX,)))
_SPLIT = _Fork(((_CONV313,), (_CONV331,)))
_E = _Fork(((_CONV1,), ((_CONV1,), _SPLIT), ((_CONV1, _CONV3), _SPLIT), (_MEAN3, _CONV1)))


@dataclass(frozen=True, slots=True)
class Inception:
    """A network's blocks, which say all that the weights do not."""

    version: int
    blocks: _Part

    def title(self, _layers: Mapping[str, Layer]) -> str:
        """Name the network for people."""
        return f"I3D-Inception-V{self.version}"

    def features(self, layers: Mapping[str, Layer], value: ov.Output) -> ov.Output:
        """Return the last volume, given a clip, (N, 3, D, H, W)."""
        return _walk(
            self.blocks,
            "features",
            value,
            lambda unit, name, value: unit.write(layers, name, value),
            lambda ends: ops.concat(ends, 1).output(0),
        )

    def shapes(self, layers: Mapping[str, Layer]) -> dict[str, tuple[Shape, ...]]:
        """Return the shapes that its layers have if they are as wide as these."""
        widths = {name: len(layer.weights) for name, layer in layers.items()}
        found: dict[str, tuple[Shape, ...]] = {}

        def expect(unit: _Unit, name: str, channels: int) -> int:
            if unit.kind != "convolution":
                return channels
            found[name] = ((widths.get(name, 0), channels, *unit.kernel),)
            return found[name][0][0]

        channels = _walk(self.blocks, "features", 3, expect, sum)
        return found | {"fc": ((widths.get("fc", 0), channels),)}


def _walk(part: _Part, name: str, value: T, unit: Callable[[_Unit, str, T], T], join: Callable[[list[T]], T]) -> T:
    """Return what becomes of a value in a part of a name, given what becomes of it in a unit, and of branches' ends."""
    if isinstance(part, _Unit):
        return unit(part, name, value)
    if isinstance(part, _Fork):
        return join([_walk(branch, f"{name}.{place}", value, unit, join) for place, branch in enumerate(part.branches)])
    for place, inner in enumerate(part):
        value = _walk(inner, f"{name}.{place}", value, unit, join)
    return value


_STEM1 = (_Unit((7, 7, 7), (2, 2, 2)), _FLAT_MAX, _CONV1, _CONV3, _FLAT_MAX)
_POOL3, _POOL2 = (_Unit((side, side, side), (2, 2, 2), kind="maximum") for side in (3, 2))
V1 = Inception(1, (*_STEM1, _MIXED, _MIXED, _POOL3, *[_MIXED] * 5, _POOL2, _MIXED, _MIXED))

_STEM3 = (_HALVING_CONV3, _INNER_CONV3, _CONV3, _SLIDING_MAX, _CONV1, _INNER_CONV3, _SLIDING_MAX)
V3 = Inception(3, (*_STEM3, *[_A] * 3, _B, *[_C] * 4, _D, _E, _E))


def inceptions_of(layers: Layers) -> tuple[str, ...]:
    """Return the name of the Inception that layers fit; raises CheckpointVariablesError if they fit neither."""
    by_name = layers.by_name
    network, expected = min(
        ((network, network.shapes(by_name)) for network in (V1, V3)),
        key=lambda item: len(item[1].keys() ^ by_name.keys()),
    )
    require_shapes(by_name, expected, network.title(by_name))
    return (f"i3d-inceptionv{network.version}",)
