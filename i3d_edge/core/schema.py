"""JSON formats: each is declared once, as a typed class, and a file is checked against it when it is read."""

import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec

from i3d_edge.core.errors import ArgumentError, I3DError
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.text import shown

Document = TypeVar("Document")

Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""A whole number, 0 or more, that every reader of JSON takes for the same."""

Amount = Annotated[float, msgspec.Meta(ge=0)]
"""A number, 0 or more."""

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
"""A whole number, 1 or more."""

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
"""A name, or another text that people read in a line."""

_PLACE = re.compile(r"(?P<finding>.*) - at `(?:key in )?\$\.?(?P<place>.*)`", re.DOTALL)
_FIELD = re.compile(r"Object (?:contains )?(missing|unknown)(?: required)? field `(.*)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Generic[Document]):
    """One format of JSON."""

    # what a document holds: a TypedDict, a `msgspec.Struct` or a dataclass. Its annotations are all that is checked. Of
    # a TypedDict, `decode` returns the document itself, with fields that the class does not know; a Struct or dataclass
    # is built, without the version. A Struct with `forbid_unknown_fields` refuses fields that it does not know
    kind: type[Document]
    noun: str  # what messages call a document, for instance "result"
    error: type[I3DError]
    version: int | None = None  # the version that can be read; None for a format without one
    version_key: str = "schema_version"  # the field that states it
    hint: str | None = None  # what to do about a document that is damaged
    version_hint: str | None = None  # what to do about one of another version

    def read(self, path: Path) -> Document:
        """Read a file; raises I3DError of the class `error`, if there is no such file, or as `decode` says."""
        try:
            data = read_bytes(path)
        except OSError as error:
            raise self.error(f"cannot read {self.noun} {str(path)!r}: {error.strerror}", hint=self.hint) from error
        return self.decode(data, repr(str(path)))

    def decode(self, data: bytes, name: str = "") -> Document:
        """Return what the bytes of a document hold, JSON in UTF-8; messages call it by noun and `name`.

        Raises the class `error` if it is no JSON object, of another version, or a field is absent or of another type;
        says which.
        """
        subject = f"{self.noun} {name}".strip()
        try:
            document = parse_json(data)
        except JSONError as error:
            start = shown(data.decode(errors="replace"), 40)
            raise self.error(f"{subject} is not JSON: {error}; it begins with {start!r}", hint=self.hint) from error
        return self.check(document, subject)

    def check(self, document: object, subject: str) -> Document:
        """Return what a decoded document holds; arguments and errors as for `decode`, `subject` with the noun."""
        if not isinstance(document, dict):
            raise self.error(f"{subject} is not a JSON object", hint=self.hint)
        fields: Mapping[str, Any] = document
        if self.version is not None and (found := fields.get(self.version_key)) != self.version:
            stated = "states no version" if found is None else f"has version {shown(repr(found), 40)}"
            raise self.error(f"{subject} {stated}; this program reads version {self.version}", hint=self.version_hint)
        is_document = typing.is_typeddict(self.kind)
        if not is_document:
            fields = {key: value for key, value in fields.items() if key != self.version_key}
        try:
            built = msgspec.convert(fields, self.kind)
        except msgspec.ValidationError as error:
            raise self.error(f"{subject} is damaged: {sentence(error)}", hint=self.hint) from error
        return cast(Document, document) if is_document else built


def check_arguments(annotated: Callable[..., object], **values: object) -> None:
    """Check arguments by the annotations of what takes them; raises ArgumentError for a wrong type or range."""
    for name, value in values.items():
        plain = value.item() if hasattr(value, "item") else value  # NumPy's numbers are as good
        try:
            msgspec.convert(plain, _hints(annotated)[name])
        except msgspec.ValidationError as error:
            raise ArgumentError(f"{name}: {sentence(error)}; got {shown(repr(value), 40)}") from error


@cache
def _hints(annotated: Callable[..., object]) -> Mapping[str, Any]:
    return typing.get_type_hints(annotated, include_extras=True)


def to_json(value: object, *, version: int | None = None) -> str:
    """Return a Struct, dataclass or plain value as indented JSON, its version first, with a newline at the end."""
    fields = msgspec.to_builtins(value)
    if version is not None:
        fields = {"schema_version": version, **fields}
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def sentence(error: Exception) -> str:
    """Return what msgspec says, with the field first: "counts.scored: expected int, got str"."""
    found = _PLACE.fullmatch(str(error))
    finding, place = (found["finding"], found["place"]) if found else (str(error), "")
    finding = _FIELD.sub(r"\1 field '\2'", finding).replace("`", "")
    finding = finding[:1].lower() + finding[1:]
    return shown(f"{place}: {finding}" if place else finding, 200)
