"""Dataclasses from JSON, every field checked by its annotation."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union

Record = TypeVar("Record")

_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", types.NoneType: "null"}


class FieldError(Exception):
    """A field is absent, unknown or of another kind."""


def from_fields(kind: type[Record], fields: object) -> Record:
    """Build a dataclass from what JSON gave.

    Fields may be str, int, float, bool, None, Literal, a union of those, a dataclass, tuple[X, ...] or
    Mapping[str, X]. A whole number is a float too.

    Raises:
        FieldError: With the field's path, what it must be and what it is.
    """
    record: Record = _read(kind, fields, "")
    return record


def _read(kind: Any, value: object, path: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, value, path)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _read_union(arguments, value, path)
    if origin is tuple:
        _require(isinstance(value, list), path, "a list", value)
        items = enumerate(typing.cast("list[object]", value))
        return tuple(_read(arguments[0], item, f"{path}[{number}]") for number, item in items)
    if origin is not None and _is_mapping(origin):
        _require(isinstance(value, dict), path, "an object", value)
        pairs = typing.cast("dict[str, object]", value).items()
        return {name: _read(arguments[1], item, f"{path}.{name}") for name, item in pairs}
    if origin is Literal:
        _require(value in arguments, path, " or ".join(repr(choice) for choice in arguments), value)
        return value
    _require(_is_of(kind, value), path, _NAMES[kind], value)
    return float(typing.cast("float", value)) if kind is float else value


def _is_mapping(origin: object) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _read_record(kind: Any, value: object, path: str) -> Any:
    _require(isinstance(value, dict), path, "an object", value)
    fields = typing.cast("dict[str, object]", value)
    hints = typing.get_type_hints(kind)
    prefix = f"{path}." if path else ""
    if unknown := sorted(set(fields) - set(hints)):
        raise FieldError(f"{prefix}{unknown[0]} is no known field")
    if absent := [name for name in hints if name not in fields]:
        raise FieldError(f"{prefix}{absent[0]} is absent")
    return kind(**{name: _read(hint, fields[name], prefix + name) for name, hint in hints.items()})


def _read_union(choices: tuple[Any, ...], value: object, path: str) -> Any:
    if value is None and types.NoneType in choices:
        return None
    [other] = [choice for choice in choices if choice is not types.NoneType]
    return _read(other, value, path)


def _is_of(kind: Any, value: object) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _require(condition: bool, path: str, expected: str, value: object) -> None:
    if not condition:
        got = value if isinstance(value, str | int | float | bool | None) else type(value).__name__
        raise FieldError(f"{path or 'document'} must be {expected}; got {got!r}")
