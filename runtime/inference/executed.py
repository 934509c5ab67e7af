"""What really runs, and where: read from a compiled model, not from hints or capabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import openvino as ov

from i3d_edge.runtime.inference.census import computed_operators, count_operations

# The operation whose precision decides both speed and accuracy.
_DECISIVE_LAYER = "Convolution"
# A quantized convolution is reported by the type of its input, signed or not.
_INTEGERS = ("u8", "i8")


def executed_precision(compiled: ov.CompiledModel) -> str:
    """Return the precision in which most convolutions of a compiled model run, from its execution graph."""
    counts = Counter(layer_precisions(compiled).values())
    return counts.most_common(1)[0][0] if counts else "not reported"


def layer_precisions(compiled: ov.CompiledModel) -> dict[str, str]:
    """Return what each convolution of a compiled model runs as, by name, from its execution graph."""
    precisions = {}
    for operation in compiled.get_runtime_model().get_ops():
        info = operation.get_rt_info()
        if info["layerType"].value == _DECISIVE_LAYER:
            precision = info["runtimePrecision"].value
            precisions[operation.get_friendly_name()] = "int8" if precision in _INTEGERS else precision
    return precisions


@dataclass(frozen=True, slots=True)
class Part:
    """What one device runs of a model that several share.

    Attributes:
        device: OpenVINO's name; None for operators that no device takes.
        num_operators: How many, without constants.
        share: Of the operations of one inference, range [0, 1].
    """

    device: str | None
    num_operators: int
    share: float


def split_by_device(core: ov.Core, model: ov.Model, device: str) -> tuple[Part, ...]:
    """Ask which device of HETERO takes which operator.

    Args:
        core: Whose devices are asked.
        model: Before it is compiled.
        device: For instance "HETERO:NPU,CPU".

    Returns:
        A part for each device that takes any, that of most operations first.
    """
    takers: dict[str, str] = core.query_model(model, device)
    operations: dict[str | None, list[int]] = {}
    for node in computed_operators(model):
        operations.setdefault(takers.get(node.get_friendly_name()), []).append(count_operations(node))
    total = sum(map(sum, operations.values())) or 1
    parts = [Part(taker, len(counts), sum(counts) / total) for taker, counts in operations.items()]
    return tuple(sorted(parts, key=lambda part: (-part.share, -part.num_operators)))


def describe_split(parts: Sequence[Part]) -> str:
    """Say who runs what: "NPU 310 of 318 operators (98.2 % of the operations), CPU 8 (1.8 %)"."""
    total = sum(part.num_operators for part in parts)
    texts = [
        f"{part.device or 'no device'} {part.num_operators}{f' of {total} operators' if number == 0 else ''} "
        f"({100 * part.share:.1f} %{' of the operations' if number == 0 else ''})"
        for number, part in enumerate(parts)
    ]
    return ", ".join(texts)


def execution_devices(compiled: ov.CompiledModel) -> tuple[str, ...]:
    """Return the devices that run a compiled model now; AUTO's may change while it compiles for another.

    AUTO writes a device that only helps out at the start in brackets, "(CPU)"; they are kept.
    """
    try:
        return tuple(str(name) for name in compiled.get_property("EXECUTION_DEVICES"))
    except RuntimeError:
        return ()
