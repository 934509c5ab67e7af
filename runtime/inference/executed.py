"""What really runs, and where: read from a compiled model, not from hints or capabilities."""

from collections import Counter

import openvino as ov

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


def execution_devices(compiled: ov.CompiledModel) -> tuple[str, ...]:
    """Return the devices that run a compiled model now; AUTO's may change while it compiles for another.

    AUTO writes a device that only helps out at the start in brackets, "(CPU)"; they are kept.
    """
    try:
        return tuple(str(name) for name in compiled.get_property("EXECUTION_DEVICES"))
    except RuntimeError:
        return ()
