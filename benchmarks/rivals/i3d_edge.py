"""Ours: what `i3d convert` and `i3d quantize` make, run as `i3d classify` runs it."""

from pathlib import Path

import numpy as np
import openvino as ov

from benchmarks.rival import Opened, Precision, Task
from i3d_edge.convert.conversion import convert_graph
from i3d_edge.convert.passes import Fold
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.i3d_spec import OUTPUT_NAME
from i3d_edge.runtime.inference.engine import Engine


def open_rival(task: Task, precision: Precision, *, fold: Fold | None = None, throughput: bool = False) -> Opened:
    """Open an IR made by our commands: "f32" is not folded, "bf16" is the device's choice, "INT8" is quantized."""
    if precision == "f32":
        engine = Engine(_converted(task, None), inference_precision="f32")
        return _latency(engine, "i3d convert --no-fold, --inference-precision f32")
    how = f"i3d convert --fold {fold or 'dhw'}"
    if precision == "bf16":
        return _latency(Engine(_converted(task, fold or "dhw")), how)
    ir = _quantized(task, fold or "dhw")
    if throughput:
        return _throughput(Engine(ir, mode="throughput"))
    return _latency(Engine(ir), f"{how}, i3d quantize")


def _converted(task: Task, fold: Fold | None) -> Path:
    path = task.folder / f"ours_{fold}.xml"
    if not path.exists():
        convert_graph(task.graph, path, fold=fold)
    return path


def _quantized(task: Task, fold: Fold) -> Path:
    path = task.folder / f"ours_{fold}_int8.xml"
    if not path.exists():
        quantize_ir(_converted(task, fold), task.videos, path, num_clips=task.num_clips)
    return path


def _latency(engine: Engine, how: str) -> Opened:
    spec = engine.spec
    return Opened(
        f"{how}; u8 {spec.layout}",
        engine.precision,
        lambda clip: np.ascontiguousarray(spec.lay_out(clip[np.newaxis])),
        engine.probabilities,
    )


def _throughput(engine: Engine) -> Opened:
    queue = ov.AsyncInferQueue(engine.compiled)
    clips_per_run = 2 * len(queue)

    def run(batch: UInt8Array) -> Float32Array:
        for _ in range(clips_per_run):
            queue.start_async(batch)
        queue.wait_all()
        result: Float32Array = queue[0].get_tensor(OUTPUT_NAME).data[0]
        return result.copy()

    single = _latency(engine, f"the same IR, {len(queue)} clips at once")
    return Opened(single.set_up, single.ran_in, single.prepare, run, clips_per_run)
