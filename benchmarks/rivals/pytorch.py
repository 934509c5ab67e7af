"""PyTorch on the CPU: the same weights in plain `torch.nn`, batch norm folded, channels last."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.network import load_network
from benchmarks.rival import Opened, Precision, Task
from i3d_edge.core.arrays import Float32Array, UInt8Array


def open_rival(task: Task, precision: Precision, *, compiled: bool = False) -> Opened:
    """Open with weights and activations in a precision, op by op or compiled by TorchInductor with frozen weights."""
    torch.set_num_threads(task.num_threads)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    network = load_network(task.graph).to(dtype=dtype, memory_format=torch.channels_last_3d)
    if compiled:
        # Freezing lets Inductor reorder the weights once, for oneDNN, instead of at every call.
        network = torch.compile(network, options={"freezing": True})

    def prepare(clip: UInt8Array) -> Any:
        batch = torch.from_numpy(task.channels_first(clip))
        return batch.to(dtype=dtype, memory_format=torch.channels_last_3d)

    def run(batch: Any) -> Float32Array:
        with torch.inference_mode():
            result: Float32Array = network(batch)[0].numpy()
        return result

    how = "torch.compile with frozen weights" if compiled else "eager"
    return Opened(f"{how}, inference mode, channels_last_3d; {precision} input", precision, prepare, run)
