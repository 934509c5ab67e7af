"""An IR that describes itself: read from disk, with its ModelSpec."""

from __future__ import annotations

import json
import os
from pathlib import Path

import openvino as ov

from i3d_edge.core.errors import IRError, SpecError
from i3d_edge.core.spec import OUTPUT_NAME, RT_INFO_GROUP, SOURCE_GROUP, ModelSpec


def read_ir(path: Path, *, spec_path: Path | None = None) -> tuple[ov.Model, ModelSpec]:
    """Read an IR that `i3d convert` wrote, and what it says of itself.

    Args:
        path: The .xml; its .bin lies beside it.
        spec_path: For an IR from elsewhere: a JSON file with the fields of ModelSpec that describe it. Its ports
            may have any names; they are given ours.

    Returns:
        The model, its ports named as the spec says, and the spec.

    Raises:
        IRError: If a file is absent, the .xml is no IR, it does not describe itself and nothing else does, or
            its ports are not what is described.
    """
    model = _read_model(path)
    spec = _read_spec(model, path) if spec_path is None else _adopt(model, path, spec_path)
    expected = {name: f"{spec.element_type(name)}{list(spec.input_shape(name))}" for name in spec.inputs}
    found = {
        port.any_name: port.element_type.to_string() + str(port.partial_shape).replace(",", ", ")
        for port in model.inputs
    }
    if found != expected:
        raise IRError(f"IR {str(path)!r} must have the inputs {expected} that it describes; got {found}")
    if not any(OUTPUT_NAME in output.names for output in model.outputs):
        names = sorted(name for output in model.outputs for name in output.names)
        raise IRError(f"IR {str(path)!r} must have an output {OUTPUT_NAME!r}; got {names}")
    return model, spec


def describes_itself(path: Path) -> bool:
    """Whether an IR needs no `spec_path`.

    Raises:
        IRError: If it cannot be read.
    """
    return bool(_read_model(path).has_rt_info([RT_INFO_GROUP]))


def _read_model(path: Path) -> ov.Model:
    _require_files(path)
    try:
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise IRError(
            f"IR {str(path)!r} must be an OpenVINO model; OpenVINO cannot read it",
            hint="give the .xml file that `i3d convert` wrote, with its own .bin beside it",
        ) from error


def _require_files(path: Path) -> None:
    if not os.path.isfile(path):
        near = sorted(item.name for item in path.parent.glob("*.xml"))
        raise IRError(
            f"IR {str(path)!r} must be a file; there is none",
            hint=f"in that folder: {', '.join(near)}" if near else "`i3d convert` makes one from a frozen graph",
        )
    if path.suffix != ".xml":
        raise IRError(
            f"IR {str(path)!r} must be an .xml file; got {path.suffix or 'no suffix'!r}",
            hint="a frozen graph (.pb) becomes an IR by `i3d convert`",
        )
    weights = path.with_suffix(".bin")
    if not os.path.isfile(weights):
        raise IRError(
            f"IR {str(path)!r} must have its weights beside it; {weights.name!r} is absent",
            hint="an IR is two files: copy both",
        )


def _adopt(model: ov.Model, path: Path, spec_path: Path) -> ModelSpec:
    """Describe an IR from elsewhere by a file, and give its ports our names."""
    if model.has_rt_info([RT_INFO_GROUP]):
        raise IRError(f"IR {str(path)!r} must not be described twice: it describes itself", hint="leave out --spec")
    try:
        spec = ModelSpec.from_json(spec_path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, SpecError) as error:
        reason = error.message if isinstance(error, SpecError) else str(error)
        raise IRError(f"description {str(spec_path)!r} must be a ModelSpec in JSON: {reason}") from error
    if len(model.inputs) != len(spec.inputs):
        raise IRError(f"IR {str(path)!r} must have {len(spec.inputs)} input(s) as described; got {len(model.inputs)}")
    for port, name in zip(model.inputs, spec.inputs, strict=True):
        port.set_names({name})
    model.outputs[0].set_names({OUTPUT_NAME})
    return spec


def _read_spec(model: ov.Model, path: Path) -> ModelSpec:
    if not model.has_rt_info([RT_INFO_GROUP]):
        raise IRError(
            f"IR {str(path)!r} must describe itself in rt_info; it does not",
            hint="`i3d export` made it for other software: give the IR that it was made from"
            if model.has_rt_info([SOURCE_GROUP])
            else "make it by `i3d convert`, which writes that description, or describe it with --spec",
        )
    try:
        fields = {name: json.loads(value) for name, value in model.get_rt_info([RT_INFO_GROUP]).value.items()}
        return ModelSpec.from_fields(fields)
    except (ValueError, TypeError, SpecError) as error:
        reason = error.message if isinstance(error, SpecError) else str(error)
        raise IRError(
            f"IR {str(path)!r} must describe itself readably in rt_info: {reason}",
            hint="make it again by `i3d convert`",
        ) from error
