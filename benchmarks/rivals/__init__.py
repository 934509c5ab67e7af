"""The rivals, and ours; one file per engine."""

from __future__ import annotations

from benchmarks.rival import Rival

OURS = "i3d-edge"
STOCK = "OpenVINO"
REFERENCE = "TensorFlow"

RIVALS: tuple[Rival, ...] = (
    Rival("TensorFlow f32", REFERENCE, "f32", "benchmarks.rivals.tensorflow:f32", ("tensorflow",)),
    Rival(
        "ONNX Runtime f32", "ONNX Runtime", "f32", "benchmarks.rivals.onnx:f32", ("onnxruntime", "onnxscript", "torch")
    ),
    Rival(
        "ONNX Runtime INT8",
        "ONNX Runtime",
        "INT8",
        "benchmarks.rivals.onnx:int8",
        ("onnxruntime", "onnxscript", "torch"),
    ),
    Rival("PyTorch f32, eager", "PyTorch", "f32", "benchmarks.rivals.pytorch:eager_f32", ("torch",)),
    Rival(
        "PyTorch f32, compiled",
        "PyTorch",
        "f32",
        "benchmarks.rivals.pytorch:compiled_f32",
        ("torch",),
        needs_compiler=True,
    ),
    Rival(
        "PyTorch bf16, eager", "PyTorch", "bf16", "benchmarks.rivals.pytorch:eager_bf16", ("torch",), needs_bf16=True
    ),
    Rival(
        "PyTorch bf16, compiled",
        "PyTorch",
        "bf16",
        "benchmarks.rivals.pytorch:compiled_bf16",
        ("torch",),
        needs_bf16=True,
        needs_compiler=True,
    ),
    Rival("OpenVINO f32", STOCK, "f32", "benchmarks.rivals.openvino:f32", ("openvino",)),
    Rival("OpenVINO bf16", STOCK, "bf16", "benchmarks.rivals.openvino:bf16", ("openvino",), needs_bf16=True),
    Rival("OpenVINO INT8", STOCK, "INT8", "benchmarks.rivals.openvino:int8", ("openvino", "nncf")),
    Rival("i3d-edge f32", OURS, "f32", "benchmarks.rivals.i3d_edge:f32", ("openvino",)),
    Rival("i3d-edge bf16", OURS, "bf16", "benchmarks.rivals.i3d_edge:bf16", ("openvino",), needs_bf16=True),
    Rival("i3d-edge bf16, --fold h", OURS, "bf16", "benchmarks.rivals.i3d_edge:bf16_h", ("openvino",), needs_bf16=True),
    Rival("i3d-edge INT8", OURS, "INT8", "benchmarks.rivals.i3d_edge:int8", ("openvino", "nncf")),
    Rival("i3d-edge INT8, --fold hw", OURS, "INT8", "benchmarks.rivals.i3d_edge:int8_hw", ("openvino", "nncf")),
    Rival(
        "i3d-edge INT8, throughput", OURS, "INT8", "benchmarks.rivals.i3d_edge:int8_throughput", ("openvino", "nncf")
    ),
)
"""In the order in which they are opened. The first is the reference that all are compared with."""
