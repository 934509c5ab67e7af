"""An IR on disk: two files, written whole or not at all, that describe themselves."""

import json
from pathlib import Path

import openvino as ov

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import check_output
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields

_OTHER_SUFFIXES = (".bin", ".pb", ".onnx", ".i3d", ".json")


def check_ir_output(output: Path, *, force: bool) -> Path:
    """Return the path of an IR's .xml; raises OutputError if it or its .bin cannot be written, or is no .xml."""
    if output.suffix.lower() in _OTHER_SUFFIXES:
        raise OutputError(
            f"an IR's .xml is to be written, not {output.name!r}", hint=f"-o {output.with_suffix('.xml')}"
        )
    if output.suffix != ".xml":
        output = output.with_name(output.name + ".xml")
    for path in (output, output.with_suffix(".bin")):
        check_output(path, force=force)
    return output


def describe(model: ov.Model, spec: ModelSpec) -> None:
    """Write the spec into a model's `rt_info`, field by field as JSON, in place of another one."""
    fields = {name: json.dumps(value) for name, value in spec_to_fields(spec).items()}
    model.set_rt_info(fields, [RT_INFO_GROUP])


def save_ir(model: ov.Model, temporary: Path, output: Path, *, compress_to_fp16: bool) -> int:
    """Write a model under a temporary name; return both files' bytes; raises OutputError, which names `output`."""
    try:
        ov.save_model(model, temporary, compress_to_fp16=compress_to_fp16)
    except RuntimeError as error:
        raise OutputError(
            f"cannot write {str(output)!r}: {str(error).splitlines()[-1]}", hint="is the disk full?"
        ) from error
    return sum(temporary.with_suffix(suffix).stat().st_size for suffix in (".xml", ".bin"))
