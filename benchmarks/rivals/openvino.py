"""Stock OpenVINO: what its own documentation leads to, and no pass of ours."""

import contextlib
import io

import numpy as np
import openvino as ov
from openvino import Layout, Type
from openvino.preprocess import PrePostProcessor

from benchmarks.rival import Opened, Precision, Task
from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.runtime.inference.executed import executed_precision


def open_rival(task: Task, precision: Precision) -> Opened:
    """Open in float32, in the device's default, which is bf16 where the CPU has it, or quantized by NNCF."""
    model, how = _stock(task), "the CPU's own default precision"
    properties = {"PERFORMANCE_HINT": "LATENCY"}
    if precision == "f32":
        how = "INFERENCE_PRECISION_HINT=f32"
        properties["INFERENCE_PRECISION_HINT"] = "f32"
    elif precision == "INT8":
        model, how = _quantized(model, task), "NNCF's default preset"
    compiled = ov.Core().compile_model(model, "CPU", properties)

    def run(batch: UInt8Array) -> Float32Array:
        result: Float32Array = compiled(batch)[0][0]
        return result.copy()

    return Opened(
        f"convert_model, PrePostProcessor, {how}, latency hint; u8 NDHWC",
        executed_precision(compiled),
        lambda clip: np.ascontiguousarray(clip[np.newaxis]),
        run,
    )


def _stock(task: Task) -> ov.Model:
    """Convert the graph; its input takes pixels, NDHWC as they are decoded."""
    processor = PrePostProcessor(ov.convert_model(task.graph))
    info = processor.input()
    info.tensor().set_layout(Layout("NDHWC")).set_element_type(Type.u8)
    info.model().set_layout(Layout("NDHWC"))
    [port] = task.spec.inputs.values()
    info.preprocess().convert_element_type(Type.f32).mean(list(port.mean)).scale(list(port.scale))
    return processor.build()


def _quantized(model: ov.Model, task: Task) -> ov.Model:
    import nncf

    feeds = [clip[np.newaxis] for clip in np.load(task.clips)]
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(model, nncf.Dataset(feeds), subset_size=len(feeds))
    path = task.folder / "stock_int8.xml"  # read back, as a user runs it
    ov.save_model(quantized, path, compress_to_fp16=False)
    return ov.Core().read_model(path)
