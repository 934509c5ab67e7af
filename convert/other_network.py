"""Another network than I3D, an IR or an ONNX model: copied into an IR that describes itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import openvino as ov

from i3d_edge.convert.conversion import write_ir
from i3d_edge.convert.onnx_model import OnnxModel
from i3d_edge.convert.parity import Feeds, ParityReport
from i3d_edge.convert.saving import check_ir_output
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.inference.onnx import is_onnx


def describe_network(
    path: Path, spec_path: Path, output: Path, *, to_fp16: bool = False, force: bool = False
) -> tuple[ModelSpec, ParityReport | None]:
    """Copy a network, by a JSON file with the fields of ModelSpec, into an IR that describes itself.

    Returns what the new IR says of itself, and how it compares with the ONNX model, if it was one and ONNX Runtime is
    there. Raises IRError if network and description cannot be read or do not fit; ParityError and OutputError as
    `convert_graph`.
    """

    def run_onnx(_path: Path, clips: Sequence[Feeds]) -> list[Float32Array]:
        return list(map(OnnxModel(path, spec_path).logits, clips))

    output = check_ir_output(output, force=force)
    model, spec = read_ir(path, spec_path=spec_path)
    precision = "FP16" if to_fp16 else spec.precision
    spec = replace(spec, made_with={"openvino": ov.__version__, **spec.made_with}, precision=precision)
    reference = run_onnx if is_onnx(path) else None
    _, report = write_ir(model, spec, output, path, reference, against="the ONNX model", force=force)
    return spec, report
