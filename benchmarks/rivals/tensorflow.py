"""TensorFlow on the frozen graph: what a user has who converts nothing."""

from __future__ import annotations

from typing import Any

from benchmarks.clips import normalised
from benchmarks.rival import Float32Array, Opened, Task, UInt8Array
from i3d_edge.core.i3d_spec import INPUT_NAME
from i3d_edge.core.numbers import softmax
from i3d_edge.freeze.frozen_graph import FrozenGraph


def f32(task: Task) -> Opened:
    """Open the graph with oneDNN, TensorFlow's default on x86-64."""
    graph = FrozenGraph(task.graph)

    def prepare(clip: UInt8Array) -> Any:
        return {INPUT_NAME: normalised(clip, task.spec)}

    def run(feeds: Any) -> Float32Array:
        return softmax(graph.logits(feeds)[0])

    return Opened("the frozen graph with oneDNN; float32 NDHWC", "f32", prepare, run)
