"""ONNX Runtime on the CPU: PyTorch's module exported, and that statically quantized."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.clips import ndhwc_to_ncdhw, normalised
from benchmarks.rival import Float32Array, Opened, Task, UInt8Array

_INPUT = "clip"


def f32(task: Task) -> Opened:
    """Open the exported network in float32."""
    return _open(task, _exported(task), "f32", "exported by torch.onnx")


def int8(task: Task) -> Opened:
    """Open the network quantized to QDQ, statically, per channel."""
    path = task.folder / "onnx_int8.onnx"
    if not path.exists():
        _quantize(task, path)
    return _open(task, path, "INT8", "static QDQ, per channel, u8 activations, s8 weights")


def _open(task: Task, path: Path, ran_in: str, how: str) -> Opened:
    options = ort.SessionOptions()
    options.intra_op_num_threads = task.num_threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(clip: UInt8Array) -> Any:
        return {_INPUT: ndhwc_to_ncdhw(normalised(clip, task.spec))}

    def run(feeds: Any) -> Float32Array:
        result: Float32Array = session.run(None, feeds)[0][0]
        return result

    return Opened(f"{how}, all graph optimizations; float32 NCDHW", ran_in, prepare, run)


def _exported(task: Task) -> Path:
    path = task.folder / "onnx_f32.onnx"
    if not path.exists():
        import torch

        from benchmarks.network import load_network

        example = torch.zeros(ndhwc_to_ncdhw(np.zeros(task.spec.clip_shape, np.float32)).shape)
        network = load_network(task.graph)
        torch.onnx.export(network, (example,), path, input_names=[_INPUT], dynamo=True, external_data=False)
    return path


def _quantize(task: Task, path: Path) -> None:
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
            self.feeds = _feeds(task)

        def get_next(self) -> dict[str, Float32Array] | None:
            return next(self.feeds, None)

    prepared = task.folder / "onnx_prepared.onnx"
    quant_pre_process(_exported(task), prepared, skip_symbolic_shape=True)
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


def _feeds(task: Task) -> Iterator[dict[str, Float32Array]]:
    for clip in np.load(task.calibration, mmap_mode="r"):
        yield {_INPUT: ndhwc_to_ncdhw(normalised(clip, task.spec))}
