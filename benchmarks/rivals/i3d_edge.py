"""Ours: what `i3d convert` and `i3d quantize` make, run as `i3d classify` runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov

from benchmarks.rival import Float32Array, Opened, Task, UInt8Array
from i3d_edge.convert.conversion import convert_graph
from i3d_edge.convert.passes import Fold
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.core.spec import OUTPUT_NAME
from i3d_edge.runtime.inference.engine import Engine


def f32(task: Task) -> Opened:
    """Open the IR for float32 work."""
    path = task.folder / "ours_f32.xml"
    if not path.exists():
        convert_graph(task.graph, path, fold=None)
    return _open(Engine(path, inference_precision="f32"), "i3d convert --no-fold, --inference-precision f32")


def bf16(task: Task) -> Opened:
    """Open the IR that `i3d convert` makes by default, in the device's own precision."""
    return _open(Engine(_converted(task)), "i3d convert")


def bf16_h(task: Task) -> Opened:
    """Open the same, folded along the height only, which suits CPUs with bf16 but no matrix units."""
    return _open(Engine(_converted(task, "h")), "i3d convert --fold h")


def int8(task: Task) -> Opened:
    """Open the INT8 IR that `i3d quantize` makes by default."""
    return _open(Engine(_quantized(task)), "i3d convert, i3d quantize")


def int8_hw(task: Task) -> Opened:
    """Open the same, folded along height and width, which suits CPUs with INT8 but no matrix units."""
    return _open(Engine(_quantized(task, "hw")), "i3d convert --fold hw, i3d quantize")


def int8_throughput(task: Task) -> Opened:
    """Open the same in throughput mode, as many clips at once as the device asks for."""
    return _open(Engine(_quantized(task), mode="throughput"), "the same IR")


def _converted(task: Task, fold: Fold = "dhw") -> Path:
    path = task.folder / f"ours_{fold}.xml"
    if not path.exists():
        convert_graph(task.graph, path, fold=fold)
    return path


def _quantized(task: Task, fold: Fold = "dhw") -> Path:
    path = task.folder / f"ours_{fold}_int8.xml"
    if not path.exists():
        quantize_ir(_converted(task, fold), task.videos, path, num_clips=task.num_calibration)
    return path


def _open(engine: Engine, how: str) -> Opened:
    spec = engine.spec
    takes = f"u8 {spec.layout}"

    def prepare(clip: UInt8Array) -> UInt8Array:
        return np.ascontiguousarray(spec.lay_out(clip[np.newaxis]))

    if engine.mode == "latency":
        return Opened(f"{how}; {takes}", engine.precision, prepare, engine.probabilities)

    queue = ov.AsyncInferQueue(engine.compiled)
    clips_per_run = 2 * len(queue)

    def run(batch: UInt8Array) -> Float32Array:
        for _ in range(clips_per_run):
            queue.start_async(batch)
        queue.wait_all()
        result: Float32Array = queue[0].get_tensor(OUTPUT_NAME).data[0]
        return result.copy()

    how = f"{how}, {len(queue)} clips at once; {takes}"
    return Opened(how, engine.precision, prepare, run, clips_per_run)
