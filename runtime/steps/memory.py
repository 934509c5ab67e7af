"""What a step model remembers: OpenVINO variables, in bytes where the values have only 256 levels."""

from dataclasses import dataclass, field

import numpy as np
import openvino as ov
from openvino import opset13 as ops

LEVELS = 256


@dataclass(frozen=True, slots=True)
class Codes:
    """Values that are whole multiples of `step`, 0 to 255 of them: what an 8-bit quantizer gives."""

    step: float


@dataclass(slots=True)
class Memory:
    """The variables of a model, as they are made."""

    sinks: list[ov.Node] = field(default_factory=list)
    num_bytes: int = 0  # their size

    def recall(self, name: str, shape: list[int], like: ov.Output, codes: Codes | None) -> ov.Output:
        """Return what was kept under a name at the step before, zeros at first."""
        kind = ov.Type.u8 if codes else like.get_element_type()
        zeros = ops.broadcast(ops.constant(0, dtype=kind), ops.constant(np.array(shape, np.int64)))
        variable = ops.read_value(zeros, name, kind, shape).output(0)
        self.num_bytes += int(np.prod(shape)) * kind.size
        if not codes:
            return variable
        return ops.multiply(ops.convert(variable, "f32"), np.float32(codes.step)).output(0)

    def keep(self, name: str, value: ov.Output, codes: Codes | None) -> None:
        """Keep values under a name for the next step."""
        if codes:
            value = ops.convert(ops.round(ops.multiply(value, np.float32(1 / codes.step))), "u8").output(0)
        self.sinks.append(ops.assign(value.get_node(), name))


def cut(value: ov.Output, axis: int, first: int, last: int) -> ov.Output:
    """Return positions `first` to `last` of an axis."""
    if (first, last) == (0, value.get_shape()[axis]):
        return value
    return ops.slice(value, *(np.array([number], np.int64) for number in (first, last, 1, axis))).output(0)


def join(values: list[ov.Output], axis: int) -> ov.Output:
    """Return values one after the other along an axis."""
    return values[0] if len(values) == 1 else ops.concat(values, axis).output(0)
