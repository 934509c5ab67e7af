"""ONNX models, read by OpenVINO; they do not describe themselves."""

import hashlib
from pathlib import Path

import openvino as ov
from openvino.frontend import FrontEndManager
from openvino.passes import ConstantFolding, Manager

from i3d_edge.core.errors import IRError
from i3d_edge.core.file_kind import ONNX, foreign_kind
from i3d_edge.core.reading import MAX_MODEL_BYTES, require_file


def is_onnx(path: Path) -> bool:
    """Return whether a file is an ONNX model by its name."""
    return path.suffix.lower() == ".onnx"


def read_onnx(path: Path) -> ov.Model:
    """Read an ONNX model, whose weights lie inside or in its folder; raises IRError if OpenVINO cannot."""
    try:
        require_file(path, max_bytes=MAX_MODEL_BYTES)
    except OSError as error:
        raise IRError(f"cannot read ONNX model {str(path)!r}: {error.strerror}") from error
    folding = Manager()
    folding.register_pass(ConstantFolding())  # half of the operators compute shapes, and biases, from constants
    reader = FrontEndManager().load_by_framework("onnx")  # OpenVINO would try those of other formats, too
    try:
        model = reader.convert(reader.load(str(path)))
        folding.run_passes(model)
    except Exception as error:  # of several classes, which have no other one in common
        kind = foreign_kind(path)
        if kind and kind is not ONNX:
            raise IRError(f"{str(path)!r} is {kind.title}, not an ONNX model", hint=kind.remedy) from error
        reason = [line for line in str(error).splitlines() if line.strip()][-1].lstrip("- ")
        raise IRError(
            f"OpenVINO cannot read ONNX model {str(path)!r}: {reason}",
            hint="copy or export it again, with its weights inside or in the same folder",
        ) from error
    return model


def numbers_sha256(path: Path) -> str:
    """Return the SHA-256 of all numbers in an ONNX model, in whichever files they lie; errors as for `read_onnx`."""
    nodes = [node for node in read_onnx(path).get_ordered_ops() if node.get_type_name() == "Constant"]
    return hashlib.sha256(b"".join(node.get_data().tobytes() for node in nodes)).hexdigest()
