"""Stock OpenVINO: what its own documentation leads to, and no pass of ours."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import openvino as ov
from openvino import Layout, Type
from openvino.preprocess import PrePostProcessor

from benchmarks.rival import Float32Array, Opened, Task, UInt8Array
from i3d_edge.runtime.inference.executed import executed_precision


def f32(task: Task) -> Opened:
    """Open in float32, which a CPU with bf16 units has to be told."""
    return _open(_stock(task), task, {"INFERENCE_PRECISION_HINT": "f32"}, "INFERENCE_PRECISION_HINT=f32")


def bf16(task: Task) -> Opened:
    """Open with the device's defaults, which is bf16 where the CPU has it."""
    return _open(_stock(task), task, {}, "the CPU's own default precision")


def int8(task: Task) -> Opened:
    """Open the model quantized by NNCF with its defaults."""
    path = task.folder / "stock_int8.xml"
    if not path.exists():
        ov.save_model(_quantized(task), path, compress_to_fp16=False)
    return _open(ov.Core().read_model(path), task, {}, "NNCF's default preset")


def _stock(task: Task) -> ov.Model:
    """Convert the graph; its input takes pixels, NDHWC as they are decoded."""
    processor = PrePostProcessor(ov.convert_model(task.graph))
    info = processor.input()
    info.tensor().set_layout(Layout("NDHWC")).set_element_type(Type.u8)
    info.model().set_layout(Layout("NDHWC"))
    info.preprocess().convert_element_type(Type.f32).mean(task.spec.mean).scale(task.spec.scale)
    return processor.build()


def _quantized(task: Task) -> ov.Model:
    import nncf

    feeds = [clip[np.newaxis] for clip in np.load(task.calibration)]
    with contextlib.redirect_stdout(io.StringIO()):
        return nncf.quantize(_stock(task), nncf.Dataset(feeds), subset_size=len(feeds))


def _open(model: ov.Model, task: Task, properties: dict[str, str], how: str) -> Opened:
    compiled = ov.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", **properties})

    def run(batch: UInt8Array) -> Float32Array:
        result: Float32Array = compiled(batch)[0][0]
        return result.copy()

    return Opened(
        f"convert_model, PrePostProcessor, {how}, latency hint; u8 NDHWC",
        executed_precision(compiled),
        lambda clip: np.ascontiguousarray(clip[np.newaxis]),
        run,
    )
