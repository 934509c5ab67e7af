"""Ports: what a model takes at one of its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from i3d_edge.core.errors import SpecError

Stream = Literal["rgb", "flow"]
ElementType = Literal["u8", "f32"]
ColourOrder = Literal["RGB", "BGR"]

NUMPY_TYPES: Mapping[ElementType, str] = {"u8": "uint8", "f32": "float32"}
"""NumPy's names for OpenVINO's element types."""

NUM_CHANNELS: Mapping[Stream, int] = {"rgb": 3, "flow": 2}

MAX_LEVEL = 1_000_000
"""No mean or scale is larger. Unit: grey levels."""


def require_range(name: str, value: float | Fraction, lowest: float, highest: float) -> None:
    """Refuse a number that no model can have: raises SpecError unless it is from `lowest` to `highest`; NaN is not."""
    if not lowest <= value <= highest:
        raise SpecError(f"{name} must be from {lowest:,} to {highest:,}; got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One input of a model. Its network sees `(pixel - mean) / scale`, channel by channel.

    Attributes:
        stream: "rgb" (3 channels) or "flow" (2: x, then y, in 256 steps like pixels).
        mean, scale: One number per channel, in the order of the channels. Unit: grey levels, 0..255.
        colour_order: Order of an RGB stream's channels.
        element_type: "u8" or "f32".
        takes_pixels: Whether the model normalises by itself and takes raw pixels, 0..255; else it takes values that
            are normalised already, which are floats.
    """

    stream: Stream
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    colour_order: ColourOrder = "RGB"
    element_type: ElementType = "f32"
    takes_pixels: bool = False

    def __post_init__(self) -> None:
        for name, values, lowest in (("mean", self.mean, -MAX_LEVEL), ("scale", self.scale, 1 / MAX_LEVEL)):
            if len(values) != self.channels:
                raise SpecError(f"{self.stream} input needs {self.channels} numbers as {name}; got {len(values)}")
            for value in values:
                require_range(name, value, lowest, MAX_LEVEL)
        if self.element_type == "u8" and not self.takes_pixels:
            raise SpecError("an input of normalised values must be f32, not u8")

    @property
    def channels(self) -> int:
        """Number of channels."""
        return NUM_CHANNELS[self.stream]
