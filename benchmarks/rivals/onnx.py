"""ONNX Runtime on the CPU: PyTorch's module exported, and that statically quantized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.rival import Opened, Precision, Task
from i3d_edge.core.arrays import Float32Array, UInt8Array

_INPUT = "clip"


def open_rival(task: Task, precision: Precision) -> Opened:
    """Open the exported network in float32, or quantized to QDQ, statically, per channel."""
    how = "exported by torch.onnx"
    path = _exported(task)
    if precision == "INT8":
        how = "static QDQ, per channel, u8 activations, s8 weights"
        path = _quantized(task, path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = task.num_threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(clip: UInt8Array) -> Any:
        return {_INPUT: task.channels_first(clip)}

    def run(feeds: Any) -> Float32Array:
        result: Float32Array = session.run(None, feeds)[0][0]
        return result

    return Opened(f"{how}, all graph optimizations; float32 NCDHW", precision, prepare, run)


def _exported(task: Task) -> Path:
    path = task.folder / "onnx_f32.onnx"
    if not path.exists():
        import torch

        from benchmarks.network import load_network

        example = torch.from_numpy(task.channels_first(np.load(task.clips, mmap_mode="r")[0]))
        network = load_network(task.graph)
        torch.onnx.export(network, (example,), path, input_names=[_INPUT], dynamo=True, external_data=False)
    return path


def _quantized(task: Task, exported: Path) -> Path:
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quant_pre_process,
        quantize_static,
    )

    class Clips(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.clips = iter(np.load(task.clips, mmap_mode="r"))

        def get_next(self) -> dict[str, Float32Array] | None:
            clip = next(self.clips, None)
            return None if clip is None else {_INPUT: task.channels_first(clip)}

    prepared, path = task.folder / "onnx_prepared.onnx", task.folder / "onnx_int8.onnx"
    quant_pre_process(exported, prepared, skip_symbolic_shape=True)
    # A softmax in 8 bits would round every probability below 1/512 to zero.
    softmax = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Softmax"]
    quantize_static(
        prepared,
        path,
        Clips(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        nodes_to_exclude=softmax,
    )
    return path
