"""The frozen graph as OpenVINO's converter reads it, for those who build the network anew from it."""

from __future__ import annotations

from pathlib import Path

import openvino as ov

from benchmarks.errors import RivalError

_KNOWN = frozenset(
    [
        "Add",
        "AvgPool",
        "Concat",
        "Constant",
        "Convolution",
        "MaxPool",
        "Parameter",
        "ReduceMean",
        "Relu",
        "Result",
        "Softmax",
        "Squeeze",
        "Transpose",
    ]
)


def load_graph(path: Path) -> ov.Model:
    """Return the graph with batch norm folded into the convolutions, axes NCDHW, and paddings as numbers.

    Raises:
        RivalError: If it has an operation that no I3D has.
    """
    model = ov.convert_model(path)
    for operation in model.get_ordered_ops():
        if (kind := operation.get_type_name()) not in _KNOWN:
            raise RivalError(f"frozen graph {str(path)!r} must have only an I3D's operations; got {kind}")
    return model
