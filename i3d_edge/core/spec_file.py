"""A ModelSpec as JSON: in a file, in a string constant of a frozen graph, and in the `rt_info` of an IR."""

import dataclasses
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from i3d_edge.core import labels as label_sets
from i3d_edge.core.errors import LabelError, SpecError
from i3d_edge.core.i3d_spec import upgrade
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.labels import ClassNames, LabelSet
from i3d_edge.core.port import Port
from i3d_edge.core.rate import parse_rate
from i3d_edge.core.schema import Format, Line, sentence
from i3d_edge.core.spec import Head, ModelSpec, Stepping
from i3d_edge.core.text import shown

SPEC_VERSION = 2

SPEC_NODE = "i3d_edge/spec"
"""The string constant of a frozen graph that holds the spec as JSON."""

RT_INFO_GROUP = "i3d_edge"
"""The group of an IR's `rt_info` that holds the spec, field by field as JSON."""

_VERSION_KEY = "spec_version"
_FORMAT = Format(
    kind=ModelSpec,
    noun="description",
    error=SpecError,
    version=SPEC_VERSION,
    version_key=_VERSION_KEY,
    version_hint="another version of i3d-edge wrote it: make the model again",
)


def spec_to_fields(spec: ModelSpec) -> dict[str, Any]:
    """Return a spec as plain JSON values; a shipped label set is given by its name alone."""
    fields = {item.name: getattr(spec, item.name) for item in dataclasses.fields(spec)}
    for rare in ("stepping", "squeezed_px", "none_below"):  # so that other models' descriptions stay as they are
        if fields[rare] is None:
            del fields[rare]
    labels, rate = spec.labels, spec.frame_rate_fps
    fields["labels"] = {"name": labels.name}
    if label_sets.shipped(labels.name) != labels:
        fields["labels"]["names"] = list(labels.names)
    if rate is not None:
        fields["frame_rate_fps"] = rate.numerator if rate.denominator == 1 else str(rate)
    plain: dict[str, Any] = parse_json(msgspec.json.encode({_VERSION_KEY: SPEC_VERSION, **fields}))
    return plain


def spec_to_json(spec: ModelSpec) -> str:
    """Return a spec as one line of JSON, the same text for the same spec."""
    return json.dumps(spec_to_fields(spec), sort_keys=True, ensure_ascii=True)


def read_spec(text: str | bytes) -> ModelSpec:
    """Read what `spec_to_json` returns; raises SpecError if it is no JSON, or as `read_spec_fields`."""
    try:
        fields = parse_json(text)
    except JSONError as error:
        raise SpecError(f"it is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise SpecError("it is not a JSON object")
    return read_spec_fields(fields)


def read_spec_fields(fields: Mapping[str, Any]) -> ModelSpec:
    """Read what `spec_to_fields` returns; raises SpecError for another version, or with the field that is wrong."""
    fields = dict(fields)
    if fields.pop("frame_px", None) is not None:  # records of earlier versions have the field
        raise SpecError(
            "the model resizes and crops whole frames itself, which i3d-edge no longer supports",
            hint="convert the frozen graph again",
        )
    if fields.get(_VERSION_KEY) == 1:
        del fields[_VERSION_KEY]
        fields = {_VERSION_KEY: SPEC_VERSION, **upgrade(fields)}
    if "labels" in fields:
        fields["labels"] = _read_labels(fields["labels"])
    if fields.get("frame_rate_fps") is not None:
        fields["frame_rate_fps"] = _read_rate(fields["frame_rate_fps"])
    _refuse_unknown(fields)
    return _FORMAT.check(fields, "it")


def _refuse_unknown(fields: Mapping[str, Any]) -> None:
    """Refuse fields that no version has: msgspec passes over those of dataclasses."""
    inputs, head = fields.get("inputs"), fields.get("head")
    parts = [("", dict(fields), ModelSpec), ("head.", head, Head), ("stepping.", fields.get("stepping"), Stepping)]
    parts += [(f"inputs.{name}.", port, Port) for name, port in (inputs.items() if isinstance(inputs, dict) else ())]
    for place, part, kind in parts:
        known = {_VERSION_KEY, *(item.name for item in dataclasses.fields(kind))}
        if isinstance(part, dict) and (unknown := sorted(set(part) - known)):
            raise SpecError(f"it has the unknown field {shown(f'{place}{unknown[0]}')}")


def _read_rate(value: object) -> Fraction:
    if not isinstance(value, bool) and (rate := parse_rate(str(value))) is not None:
        return rate
    raise SpecError(
        f"frame_rate_fps is not a rate: {shown(repr(value))}", hint='write a number, or a fraction such as "30000/1001"'
    )


class _Labels(msgspec.Struct, forbid_unknown_fields=True):
    """A label set as it lies in JSON."""

    name: Line
    names: ClassNames | None = None


def _read_labels(value: object) -> LabelSet:
    try:
        found = msgspec.convert(value, _Labels)
        if found.names is not None:
            return LabelSet(found.name, found.names)
    except msgspec.ValidationError as error:
        raise SpecError(f'labels is not {{"name": ..., "names": [...]}}: {sentence(error)}') from error
    except LabelError as error:
        raise SpecError(error.message, hint=error.hint) from error
    if (known := label_sets.shipped(found.name)) is None:
        raise SpecError(f"no label set {found.name!r} comes with i3d-edge: list its class names in labels.names")
    return known
