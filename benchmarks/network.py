"""The frozen graph's network as a PyTorch module, the one that PyTorch runs and that ONNX is exported from.

It is built from what OpenVINO's converter makes of the graph, where SAME padding is spelled out, begin and end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from torch import nn

from benchmarks.rival import BenchmarkError

# What the graph holds beside these is constants, and operations that only reorder axes.
_PASSED_THROUGH = ("Squeeze", "Transpose")


def load_network(graph: Path) -> Any:
    """Return a module from a batch, NCDHW, float32, in [-1, 1], to probabilities, (N, num_classes).

    Raises:
        BenchmarkError: If the graph has an operation that no I3D has.
    """
    model = ov.convert_model(graph)
    modules = nn.ModuleDict()
    traced = torch.fx.Graph()
    values: dict[str, Any] = {}
    for operation in model.get_ordered_ops():
        kind, name = operation.get_type_name(), operation.get_name()
        sources = [values.get(value.get_node().get_name()) for value in operation.input_values()]
        if kind == "Parameter":
            values[name] = traced.placeholder("clip")
        elif kind in _PASSED_THROUGH:
            values[name] = sources[0]
        elif kind in ("Convolution", "MaxPool"):
            padding, layer = (_convolution if kind == "Convolution" else _max_pool)(operation)
            value = sources[0]
            if padding:
                value = traced.call_function(nn.functional.pad, (value, padding))
            modules[name] = layer
            values[name] = traced.call_module(name, (value,))
        elif kind == "Add":  # the bias, or batch norm's shift, belongs to the convolution
            convolution = operation.input_value(0).get_node().get_name()
            shift = operation.input_value(1).get_node().get_data().reshape(-1)
            modules[convolution].bias = nn.Parameter(torch.from_numpy(shift.copy()))
            values[name] = sources[0]
        elif kind == "Relu":
            modules[name] = nn.ReLU(inplace=True)
            values[name] = traced.call_module(name, (sources[0],))
        elif kind == "Concat":
            values[name] = traced.call_function(torch.cat, (sources, 1))
        elif kind == "AvgPool":
            attributes = operation.get_attributes()
            modules[name] = nn.AvgPool3d(list(attributes["kernel"]), list(attributes["strides"]))
            pooled = traced.call_module(name, (traced.call_method("float", (sources[0],)),))  # it knows no bfloat16
            values[name] = traced.call_method("type_as", (pooled, sources[0]))
        elif kind == "ReduceMean":  # over the frames; height and width are 1
            values[name] = traced.call_method("mean", (sources[0], (2, 3, 4)))
        elif kind == "Softmax":
            logits = traced.call_method("float", (sources[0],))
            values[name] = traced.call_method("softmax", (logits, 1))
        elif kind == "Result":
            traced.output(sources[0])
        elif kind != "Constant":
            raise BenchmarkError(f"frozen graph {str(graph)!r} has an operation that no I3D has: {kind}")
    return torch.fx.GraphModule(modules, traced).eval().requires_grad_(False)


def _convolution(operation: ov.Node) -> tuple[list[int], Any]:
    """Return what must be padded before it, innermost axis first, if its two ends differ, and the layer."""
    attributes = operation.get_attributes()
    begin, end = list(attributes["pads_begin"]), list(attributes["pads_end"])
    weight: np.ndarray[Any, np.dtype[np.float32]] = operation.input_value(1).get_node().get_data()
    num_out, num_in, *kernel = weight.shape
    is_even = begin == end
    layer = nn.Conv3d(num_in, num_out, kernel, stride=list(attributes["strides"]), padding=begin if is_even else 0)
    layer.weight = nn.Parameter(torch.from_numpy(weight.copy()))
    return ([] if is_even else _outward(begin, end)), layer


def _max_pool(operation: ov.Node) -> tuple[list[int], Any]:
    """Return the same for a pool. It follows a ReLU, so that padding with zeros is padding with nothing."""
    attributes = operation.get_attributes()
    begin, end = list(attributes["pads_begin"]), list(attributes["pads_end"])
    kernel, strides = list(attributes["kernel"]), list(attributes["strides"])
    if begin == end:
        return [], nn.MaxPool3d(kernel, strides, padding=begin)
    if not any(begin) and max(end) == 1:  # one more at the end is what rounding up the output's size does, unpadded
        return [], nn.MaxPool3d(kernel, strides, ceil_mode=True)
    return _outward(begin, end), nn.MaxPool3d(kernel, strides)


def _outward(begin: list[int], end: list[int]) -> list[int]:
    """Return paddings as `torch.nn.functional.pad` wants them: last axis first, begin before end."""
    return [size for axis in (2, 1, 0) for size in (begin[axis], end[axis])]
