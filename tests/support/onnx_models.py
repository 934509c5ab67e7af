"""A small classifier of clips as an ONNX model, and what describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NUM_FRAMES, SIDE_PX, LABELS = 8, 32, ("walk", "run", "jump", "fall", "rest")


def write_onnx(
    path: Path,
    *,
    shape: Sequence[int | str] = (1, 3, NUM_FRAMES, SIDE_PX, SIDE_PX),
    answers: str = "logits",
    operator: str = "Relu",
    num_inputs: int = 1,
    is_depthwise: bool = False,
    element_type: int = TensorProto.FLOAT,
    weights_at: str | None = None,
) -> Path:
    """Write the network and, beside it as .json, its description.

    Args:
        path: The .onnx.
        shape: Of each input, NCDHW; texts are open lengths.
        answers: What it gives: "logits" or "probabilities".
        operator: After the convolution.
        is_depthwise: Whether a depthwise convolution and one of single places follow.
        num_inputs: The inputs "video", "video1" and so on are added up.
        element_type: Of the inputs.
        weights_at: Where a file with the convolution's weights lies, seen from the folder; None keeps them inside.
    """
    rng = np.random.default_rng(5)
    weights = numpy_helper.from_array(rng.normal(0, 0.2, (6, 3, 3, 3, 3)).astype(np.float32), "weights")
    classes = numpy_helper.from_array(rng.normal(0, 9, (6, len(LABELS))).astype(np.float32), "classes")
    if weights_at is not None:
        (path.parent / weights_at).write_bytes(weights.raw_data)
        onnx.external_data_helper.set_external_data(weights, weights_at, 0, len(weights.raw_data))
        weights.ClearField("raw_data")
    depthwise, pointwise = (
        numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)
        for name, shape in (("depthwise", (6, 1, 3, 3, 3)), ("pointwise", (6, 6, 1, 1, 1)))
    )
    separable = [
        helper.make_node("Conv", ["activated", "depthwise"], ["each"], group=6),
        helper.make_node("Relu", ["each"], ["each/positive"]),
        helper.make_node("Conv", ["each/positive", "pointwise"], ["mixed"]),
    ]
    names = ["video", *(f"video{number}" for number in range(1, num_inputs))]
    logits = "logits" if answers == "logits" else "hidden"
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}/float"], to=TensorProto.FLOAT) for name in names),
        helper.make_node("Sum", [f"{name}/float" for name in names], ["sum"]),
        helper.make_node("Conv", ["sum", "weights"], ["convolved"], pads=[1] * 6),
        helper.make_node(operator, ["convolved"], ["activated"], name="activation"),
        *(separable if is_depthwise else []),
        helper.make_node("GlobalAveragePool", ["mixed" if is_depthwise else "activated"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "classes"], [logits]),
        *([helper.make_node("Softmax", ["hidden"], ["probabilities"])] if answers == "probabilities" else []),
    ]
    inputs = [helper.make_tensor_value_info(name, element_type, shape) for name in names]
    output = helper.make_tensor_value_info(answers, TensorProto.FLOAT, [shape[0], len(LABELS)])
    graph = helper.make_graph(nodes, "small", inputs, [output], [weights, classes, depthwise, pointwise])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".json").write_text(json.dumps(description(answers)))
    return path


def description(answers: str = "logits", **fields: Any) -> dict[str, Any]:
    """Return the fields of the network's ModelSpec, some of them replaced."""
    video = {"stream": "rgb", "mean": [110.2, 100.6, 96.0], "scale": [58.1, 56.5, 55.3]}
    return {
        "spec_version": 2,
        "inputs": {"video": video},
        "head": {"output": answers, "kind": answers},
        "labels": {"name": "five actions", "names": LABELS},
        "num_frames": NUM_FRAMES,
        "short_side_px": SIDE_PX,
        "crop_px": [SIDE_PX, SIDE_PX],
        "layout": "NCDHW",
        **fields,
    }
