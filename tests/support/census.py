"""What a model is made of: how many operators, of how many axes; neural accelerators stop at five."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import openvino as ov

from i3d_edge.runtime.measure.probe import computed_operators

FLAT_RANK = 4
"""Axes of a batch of pictures: N, C, H, W."""

_SPATIAL_KINDS = ("AvgPool", "Convolution", "ConvolutionBackpropData", "GroupConvolution", "MaxPool")


@dataclass(frozen=True, slots=True)
class Census:
    """What a model is made of.

    What only constants lead to does not count.

    Attributes:
        count: How many operators there are.
        num_types: Of how many types.
        rank: Most axes of anything that one of them reads or gives.
        above_flat: Names of the operators that read or give more than four axes, by type.
    """

    count: int
    num_types: int
    rank: int
    above_flat: Mapping[str, tuple[str, ...]]

    @property
    def volumetric(self) -> Mapping[str, int]:
        """How many convolutions and pools work on more than four axes, by type."""
        return {name: len(found) for name, found in self.above_flat.items() if name in _SPATIAL_KINDS}

    @property
    def is_flat(self) -> bool:
        """Whether nothing has more than four axes but inputs and the Reshapes that read them."""
        return set(self.above_flat) <= {"Parameter", "Reshape"} and len(self.above_flat.get("Reshape", ())) <= len(
            self.above_flat.get("Parameter", ())
        )


def count_operators(model: ov.Model) -> Census:
    """Count a model's operators."""
    nodes = list(computed_operators(model))
    above: dict[str, list[str]] = {}
    for node in nodes:
        if _rank(node) > FLAT_RANK:
            above.setdefault(node.get_type_name(), []).append(node.get_friendly_name())
    return Census(
        count=len(nodes),
        num_types=len({node.get_type_name() for node in nodes}),
        rank=max(map(_rank, nodes), default=0),
        above_flat={name: tuple(names) for name, names in above.items()},
    )


def _rank(node: ov.Node) -> int:
    shapes = [port.get_partial_shape() for port in (*node.inputs(), *node.outputs())]
    return max((len(shape) for shape in shapes if shape.rank.is_static), default=0)
