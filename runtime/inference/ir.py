"""A model read from disk, with its ModelSpec: an IR that describes itself, or an IR or ONNX model and a file."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import openvino as ov

from i3d_edge.core.errors import I3DError, IRError, LabelError, SpecError
from i3d_edge.core.file_kind import WEIGHT_SUFFIXES
from i3d_edge.core.files import sha256_file
from i3d_edge.core.i3d_spec import EMBEDDING_NAME
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.labels import LabelSet, in_order, number_classes
from i3d_edge.core.reading import MAX_BYTES, read_bytes, require_file
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import RT_INFO_GROUP, read_spec, read_spec_fields
from i3d_edge.core.text import plural, some
from i3d_edge.runtime.frames.sources import VIDEO_SUFFIXES
from i3d_edge.runtime.inference.onnx import is_onnx, numbers_sha256, read_onnx

Ir = tuple[ov.Model, ModelSpec]


def read_ir(path: Path, *, spec_path: Path | None = None, steps: bool = False) -> Ir:
    """Read an IR or an ONNX model, and what describes it.

    Args:
        path: The .xml, whose .bin lies beside it; or an .onnx.
        spec_path: For a model that says nothing, as ONNX models do: a JSON file with the fields of ModelSpec. Ports of
            other names than those that it states are given these, in order; axes of open length get the stated one.
        steps: Whether a step model will do, too.

    Returns:
        The model, its ports named as the spec says, and the spec.

    Raises:
        IRError: If a file is absent or is no such model, nothing describes it, its ports are not as described, or it is
            a step model (without `steps`).
    """
    model = _read_model(path)
    if spec_path is None:
        spec = _own_spec(model, path)
    else:
        spec = _given_spec(model, path, spec_path)
        _adopt(model, spec, path)
    if spec.stepping and not steps:
        raise IRError(
            f"{_called(path)} is a step model: it takes {spec.stepping.hop} frames at a time, not whole clips",
            hint="give the IR that it was made from",
        )
    require_ports(model, spec, _called(path))
    return model, spec


def ir_sha256(path: Path) -> tuple[str, str]:
    """Return the digests of an IR's .xml and of its .bin; or of an .onnx, and of all numbers in it and beside it."""
    return sha256_file(path), numbers_sha256(path) if is_onnx(path) else sha256_file(path.with_suffix(".bin"))


def require_ports(model: ov.Model, spec: ModelSpec, subject: str) -> None:
    """Raise IRError, which calls the model `subject`, if it does not take and give what a spec says."""
    described = {
        name: f"{port.element_type}{list(spec.input_shape(name))}".replace(" ", "")
        for name, port in spec.inputs.items()
    }
    found = {
        next((name for name in described if name in port.names), min(port.names, default="a nameless input")): (
            port.element_type.to_string() + str(port.partial_shape)
        )
        for port in model.inputs
    }
    if found != described:
        raise IRError(f"{subject} takes {_listed(found)}, and its description says {_listed(described)}")
    outputs = {name: port for port in model.outputs for name in port.names}
    for name in (spec.head.output, *([EMBEDDING_NAME] if spec.has_embedding else [])):
        if name not in outputs:
            raise IRError(f"{subject} has no output {name!r}; it has {', '.join(map(repr, sorted(outputs)))}")
    shape = outputs[spec.head.output].partial_shape
    if shape != ov.PartialShape([spec.batch, spec.num_classes]):
        raise IRError(
            f"{subject} answers with shape {shape}; its description says "
            f"[{spec.batch},{spec.num_classes}]: {spec.num_classes} labels, batch {spec.batch}"
        )


def _listed(ports: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in ports.items())


def describes_itself(path: Path) -> bool:
    """Return whether an IR needs no `spec_path`; raises IRError if it cannot be read."""
    return bool(_read_model(path).has_rt_info([RT_INFO_GROUP]))


def _called(path: Path) -> str:
    return f"{'ONNX model' if is_onnx(path) else 'IR'} {str(path)!r}"


def _read_model(path: Path) -> ov.Model:
    if is_onnx(path):
        return read_onnx(path)
    _require_files(path)
    try:
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise IRError(
            f"OpenVINO cannot read IR {str(path)!r}",
            hint="give the .xml file that `i3d convert` wrote, with its own .bin beside it",
        ) from error


def _require_files(path: Path) -> None:
    is_folder = os.path.isdir(path)
    if is_folder or not os.path.lexists(path):
        found = sorted((path if is_folder else path.parent).glob("[!.]*.xml"))
        irs = {item.name: str(item) for item in found if os.path.lexists(item.with_suffix(".bin"))}
        near = difflib.get_close_matches(path.name, irs, n=1, cutoff=0.75)
        hint = f"give one of {some(list(irs.values()))}" if irs else "`i3d convert` makes an IR from a frozen graph"
        if near and not is_folder:
            hint = f"did you mean {irs[near[0]]!r}?"
        raise IRError(f"{str(path)!r} is a folder, not an IR" if is_folder else f"no IR {str(path)!r}", hint=hint)
    if path.suffix != ".xml":
        kind, hint = _other_kind(path)
        raise IRError(f"{str(path)!r} is {kind}, not an IR's .xml", hint=hint)
    weights = path.with_suffix(".bin")
    if not os.path.lexists(weights):
        raise IRError(
            f"IR {str(path)!r} lacks its weights: {weights.name!r} is not beside it",
            hint="an IR is two files: copy both",
        )
    for file, max_bytes in ((path, MAX_BYTES), (weights, None)):
        try:
            require_file(file, max_bytes=max_bytes)
        except OSError as error:
            raise IRError(f"cannot read IR file {str(file)!r}: {error.strerror}") from error


def _other_kind(path: Path) -> tuple[str, str]:
    """Return what a file that is not an .xml seems to be by its name, and what to do."""
    name, ir = path.name.lower(), path.with_suffix(".xml")
    if path.suffix == ".bin":
        beside = f"give {ir} beside it" if ir.is_file() else f"copy {ir.name} beside it, and give that"
        return "the weights of an IR", beside
    if path.suffix == ".pb":
        return "a frozen graph", f"make an IR of it: i3d convert {path} -o {ir}"
    if path.suffix in (".ckpt", ".index", ".meta") or ".ckpt." in name or ".data-" in name:
        return "part of a checkpoint", f"make an IR of it: i3d freeze {path} -o model.pb, then i3d convert model.pb"
    if path.suffix in WEIGHT_SUFFIXES:
        return "a file of weights", f"make an IR of it: i3d convert {path} -o {ir}"
    if path.suffix == ".tflite":
        return "another format", f"make an IR of it with `ovc {path}`, and describe that: i3d convert IR --spec FILE"
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return "a video", "give the model's .xml here and the video as VIDEO: the two may be swapped"
    return "something else", "`i3d convert` makes an IR from a frozen graph; `i3d info FILE` says what a file is"


def _given_spec(model: ov.Model, path: Path, spec_path: Path) -> ModelSpec:
    if model.has_rt_info([RT_INFO_GROUP]):
        raise IRError(f"IR {str(path)!r} describes itself: no other description is taken", hint="leave out --spec")
    try:
        spec = read_spec(read_bytes(spec_path))
        names = in_order(number_classes(spec.labels.names, "labels.names"), "labels.names")
        return replace(spec, labels=LabelSet(spec.labels.name, names))
    except (OSError, SpecError, LabelError) as error:
        reason, hint = (error.message, error.hint) if isinstance(error, I3DError) else (str(error), None)
        raise IRError(f"cannot use the description {str(spec_path)!r}: {reason}", hint=hint) from error


def _adopt(model: ov.Model, spec: ModelSpec, path: Path) -> None:
    """Give ports of other names those of the spec, and axes of open length the stated one."""
    if len(model.inputs) != len(spec.inputs):
        raise IRError(
            f"{_called(path)} has {plural(len(model.inputs), 'input')}; its description has {len(spec.inputs)}"
        )
    if not {name for port in model.inputs for name in port.names} >= set(spec.inputs):
        for port, name in zip(model.inputs, spec.inputs, strict=True):
            port.set_names({name})
    if len(model.outputs) == 1:
        model.outputs[0].add_names({spec.head.output})
    shapes = {name: ov.PartialShape(list(spec.input_shape(name))) for name in spec.inputs}
    is_open = any(port.partial_shape.is_dynamic for port in model.inputs)
    if is_open and all(model.input(name).partial_shape.compatible(shape) for name, shape in shapes.items()):
        try:
            model.reshape(shapes)
        except RuntimeError as error:
            stated = ", ".join(str(spec.input_shape(name)) for name in spec.inputs)
            raise IRError(f"{_called(path)} does not take clips of the described shape {stated}") from error


def _own_spec(model: ov.Model, path: Path) -> ModelSpec:
    if not model.has_rt_info([RT_INFO_GROUP]):
        raise IRError(
            f"{_called(path)} does not describe itself",
            hint=f"describe it in a JSON file: i3d convert {path} --spec FILE -o {path.with_suffix('.xml')}"
            if is_onnx(path)
            else "describe it in a JSON file, and give that with --spec",
        )
    group = model.get_rt_info([RT_INFO_GROUP]).value
    try:
        if not isinstance(group, dict):
            raise SpecError("it has no fields")
        return read_spec_fields({name: _field(name, value) for name, value in group.items()})
    except SpecError as error:
        raise IRError(
            f"cannot use the description inside IR {str(path)!r}: {error.message}",
            hint=error.hint or "make the IR again",
        ) from error


def _field(name: str, value: object) -> object:
    try:
        return parse_json(value if isinstance(value, str) else "")
    except JSONError as error:
        raise SpecError(f"{name} is not JSON: {error}") from error
