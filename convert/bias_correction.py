"""Bias correction: what quantizing shifts the mean of a convolution's result by is taken off its bias.

The shift is measured: each convolution computes, beside itself, what its quantized form gives for what it reads in the
float model. NNCF estimates it instead, from one mean for each input channel. That holds for 1x1 convolutions alone,
since larger ones see the zeros around a frame; and whether it is applied hangs on the channel with the smallest bias.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.quantizers import bias_of, quantized_convolutions, quantizers_above, rebuild, width
from i3d_edge.core.arrays import Array
from i3d_edge.core.progress import track
from i3d_edge.runtime.inference.devices import compile_model
from i3d_edge.runtime.steps.operators import constant_of

Feed = Mapping[str, Array]

_CHANNELS = 1


def correct_biases(quantized: ov.Model, plain: ov.Model, feeds: Sequence[Feed]) -> None:
    """Correct the biases of an INT8 model, which are still those of the plain one, in place, measured on feeds."""
    probe, names = _probe(quantized, plain)
    compiled = compile_model(probe, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
    shifts = [np.zeros(output.get_shape(), np.float64) for output in compiled.outputs]
    for feed in track(feeds, total=len(feeds), title="correcting biases", unit="clip"):
        results = compiled(dict(feed))
        for number, shift in enumerate(shifts):
            shift += np.asarray(results[number], np.float64) / len(feeds)
    convolutions = quantized_convolutions(quantized)
    for name, shift in zip(names, shifts, strict=True):
        bias = bias_of(convolutions[name])
        if bias is not None and (old := constant_of(bias.get_source_output())) is not None:
            new = np.asarray(old - shift.reshape(old.shape), np.float32)
            bias.replace_source_output(ops.constant(new).output(0))
    quantized.validate_nodes_and_infer_types()


def _probe(quantized: ov.Model, plain: ov.Model) -> tuple[ov.Model, list[str]]:
    """Return the float model with, as outputs, by what quantizing shifts the channels of each convolution; and names.

    Convolutions without a bias, or that read what is not quantized, are left out.
    """
    model, source = plain.clone(), quantized.clone()  # so that neither is given new readers
    floats = {node.get_friendly_name(): node for node in model.get_ops()}
    shifts = {}
    for name, node in quantized_convolutions(source).items():
        quantizers = quantizers_above(node.input_value(0))
        if bias_of(node) is None or not quantizers:
            continue
        convolution = floats[name]
        widest = max(quantizers, key=width)
        rounded = rebuild(widest, [convolution.input_value(0), *widest.input_values()[1:]])
        change = ops.subtract(rebuild(convolution, [rounded, node.input_value(1)]), convolution.output(0))
        axes = [axis for axis in range(len(convolution.output(0).get_shape())) if axis != _CHANNELS]
        shifts[name] = ops.reduce_mean(change, axes).output(0)
    return ov.Model(list(shifts.values()), model.get_parameters(), "shifts"), list(shifts)
