"""PyTorch on the CPU: the same weights in plain `torch.nn`, batch norm folded, channels last."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.clips import ndhwc_to_ncdhw, normalised
from benchmarks.network import load_network
from benchmarks.rival import Float32Array, Opened, Task, UInt8Array


def eager_f32(task: Task) -> Opened:
    """Open in float32, op by op."""
    return _open(task, torch.float32, compiled=False)


def eager_bf16(task: Task) -> Opened:
    """Open with weights and activations in bfloat16, op by op."""
    return _open(task, torch.bfloat16, compiled=False)


def compiled_f32(task: Task) -> Opened:
    """Open in float32, compiled by TorchInductor with frozen weights."""
    return _open(task, torch.float32, compiled=True)


def compiled_bf16(task: Task) -> Opened:
    """Open in bfloat16, compiled by TorchInductor with frozen weights."""
    return _open(task, torch.bfloat16, compiled=True)


def _open(task: Task, dtype: Any, *, compiled: bool) -> Opened:
    torch.set_num_threads(task.num_threads)
    network = load_network(task.graph).to(dtype=dtype, memory_format=torch.channels_last_3d)
    if compiled:
        # Freezing lets Inductor reorder the weights once, for oneDNN, instead of at every call.
        network = torch.compile(network, options={"freezing": True})

    def prepare(clip: UInt8Array) -> Any:
        batch = torch.from_numpy(ndhwc_to_ncdhw(normalised(clip, task.spec)))
        return batch.to(dtype=dtype, memory_format=torch.channels_last_3d)

    def run(batch: Any) -> Float32Array:
        with torch.inference_mode():
            result: Float32Array = network(batch)[0].numpy()
        return result

    how = "torch.compile with frozen weights" if compiled else "eager"
    ran_in = str(dtype).removeprefix("torch.").replace("float32", "f32").replace("bfloat16", "bf16")
    return Opened(f"{how}, inference mode, channels_last_3d; {ran_in} input", ran_in, prepare, run)
