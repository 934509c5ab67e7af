"""TensorFlow on the frozen graph: what a user has who converts nothing."""

from typing import Any

import numpy as np

from benchmarks.rival import Opened, Precision, Task
from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.i3d_spec import INPUT_NAME
from i3d_edge.core.normalisation import normalised, ordered
from i3d_edge.core.numbers import softmax
from i3d_edge.freeze.frozen_graph import FrozenGraph


def open_rival(task: Task, precision: Precision) -> Opened:
    """Open the graph with oneDNN, TensorFlow's default on x86-64."""
    graph, [port] = FrozenGraph(task.graph), task.spec.inputs.values()

    def prepare(clip: UInt8Array) -> Any:
        return {INPUT_NAME: normalised(ordered(clip[np.newaxis], port), port)}

    def run(feeds: Any) -> Float32Array:
        return softmax(graph.logits(feeds)[0])

    return Opened("the frozen graph with oneDNN; float32 NDHWC", precision, prepare, run)
