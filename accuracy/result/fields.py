"""Documents that were read, held to tables of the fields that are read of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

Kind = Callable[[object], bool]


def is_text(value: object) -> bool:
    """Tell whether a value is a text."""
    return isinstance(value, str)


def is_count(value: object) -> bool:
    """Tell whether a value is a whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_flag(value: object) -> bool:
    """Tell whether a value is true or false."""
    return isinstance(value, bool)


def is_plain(value: object) -> bool:
    """Tell whether a value is neither an object nor a list."""
    return not isinstance(value, dict | list)


def is_object(value: object) -> bool:
    """Tell whether a value is an object, be it empty."""
    return isinstance(value, dict)


def is_full(value: object) -> bool:
    """Tell whether a value is an object with something in it."""
    return isinstance(value, dict) and bool(value)


def is_list(value: object) -> bool:
    """Tell whether a value is a list."""
    return isinstance(value, list)


def or_none(kind: Kind) -> Kind:
    """Return a kind that null is of too."""
    return lambda value: value is None or kind(value)


def unusable_fields(
    document: object, fields: Mapping[str, Kind], *, names: Mapping[str, Sequence[str]] | None = None
) -> Iterator[str]:
    """Yield the fields of a table that a document lacks, or has of another kind.

    Args:
        document: As JSON gives it.
        fields: Kinds by path: keys with dots between them; `*` stands for every key of an object and every
            item of a list, `<x>` for each of `names["x"]`.
        names: What those are.

    Example:
        {"what": {"a": {}}} and {"what.*.path": is_text} -> "what.a.path".
    """
    for path, kind in fields.items():
        yield from _unusable(document, path.split("."), kind, names or {}, "")


def _unusable(
    part: object, steps: Sequence[str], kind: Kind, names: Mapping[str, Sequence[str]], name: str
) -> Iterator[str]:
    if not steps:
        if not kind(part):
            yield name
        return
    step, *rest = steps
    if step == "*" and isinstance(part, list):
        for number, item in enumerate(part):
            yield from _unusable(item, rest, kind, names, f"{name}[{number}]")
        return
    if not isinstance(part, dict):
        yield name if step == "*" else _join(name, step)
        return
    keys = list(part) if step == "*" else names[step[1:-1]] if step.startswith("<") else [step]
    for key in keys:
        if key in part:
            yield from _unusable(part[key], rest, kind, names, _join(name, key))
        else:
            yield _join(name, key)


def _join(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
