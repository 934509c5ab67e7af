"""Inception-v1 I3D as a table of layers, with the variable names of DeepMind's checkpoints.

Source: Carreira and Zisserman, "Quo Vadis, Action Recognition?", figure 3; names, kernel sizes and
the batch norm's form (no gamma, epsilon 1e-3) from kinetics-i3d `i3d.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

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
            (MaxPool("Branch_3/MaxPool3d_0a_3x3", (3, 3, 3), (1, 1, 1)), Unit("Branch_3/Conv3d_0b_1x1", 1, f3)),
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

    Weights have shape (depth, height, width, in, out); batch norm tensors (1, 1, 1, 1, C); the bias (num_classes,).
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for unit, inputs in units(num_channels):
        shapes[f"{unit.name}/conv_3d/w"] = (*(unit.kernel,) * 3, inputs, unit.filters)
        for name in ("beta", "moving_mean", "moving_variance"):
            shapes[f"{unit.name}/batch_norm/{name}"] = (1, 1, 1, 1, unit.filters)
    shapes[f"{LOGITS_UNIT}/conv_3d/w"] = (1, 1, 1, NUM_FEATURES, num_classes)
    shapes[f"{LOGITS_UNIT}/conv_3d/b"] = (num_classes,)
    return shapes
