"""Tables of fields against documents."""

from __future__ import annotations

from i3d_edge.accuracy.result.fields import (
    is_count,
    is_flag,
    is_full,
    is_list,
    is_number,
    is_object,
    is_plain,
    is_text,
    or_none,
    unusable_fields,
)

VALUES = (None, True, -1, 0, 2, 1.5, float("nan"), "x", [], {}, {"a": 1})


def test_kinds() -> None:
    for kind, numbers in [
        (is_text, [7]),
        (is_count, [3, 4]),
        (is_number, [2, 3, 4, 5]),
        (is_flag, [1]),
        (is_list, [8]),
        (is_object, [9, 10]),
        (is_full, [10]),
        (is_plain, [0, 1, 2, 3, 4, 5, 6, 7]),
        (or_none(is_text), [0, 7]),
    ]:
        assert [number for number, value in enumerate(VALUES) if kind(value)] == numbers


def test_fields() -> None:
    for document, path, names in [
        ({"a": {"b": "x"}}, "a.b", []),
        ({"a": {}}, "a.b", ["a.b"]),
        ({"a": 5}, "a.b", ["a.b"]),
        ({}, "a.b", ["a"]),
        ([], "a", ["a"]),
        ({"a": ["x", 1, None]}, "a.*", ["a[1]", "a[2]"]),
        ({"a": [{"b": "x"}, {}]}, "a.*.b", ["a[1].b"]),
        ({"a": {"p": "x", "q.r": 2}}, "a.*", ["a.q.r"]),
        ({"a": 5}, "a.*", ["a"]),
        ({"a": {"m": "x"}}, "a.<model>", ["a.n.o"]),
        ({"a": {"m": "x", "n.o": "x", "p": 1}}, "a.<model>", []),
    ]:
        assert list(unusable_fields(document, {path: is_text}, names={"model": ["m", "n.o"]})) == names
