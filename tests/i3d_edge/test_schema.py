import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
import pytest

from i3d_edge.core.errors import ProfileError, ResultError
from i3d_edge.core.json_text import MAX_DEPTH, JSONError, parse_json
from i3d_edge.core.rate import parse_rate
from i3d_edge.core.schema import Count, Format, to_json


class Score(TypedDict):
    path: str
    top1: float


class Scores(TypedDict):
    schema_version: int
    models: list[Score]
    what: Annotated[dict[str, Score], msgspec.Meta(min_length=1)]
    num: Count
    note: NotRequired[str | None]


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    device: str
    mode: Literal["latency", "throughput"] | None
    bounds: Mapping[str, float]
    names: tuple[str, ...]


SCORES = Format(kind=Scores, noun="result", error=ResultError, version=2, hint="run again")
SETTING = Format(kind=Setting, noun="profile", error=ProfileError, version=1)
GOOD: dict[str, Any] = {
    "schema_version": 2,
    "models": [{"path": "p", "top1": 1}],
    "what": {"a": {"path": "p", "top1": 0.5}},
    "num": 0,
    "later": 1,
}


def test_a_typed_dict_is_the_document_with_fields_that_it_does_not_know() -> None:
    assert SCORES.decode(json.dumps(GOOD).encode()) == GOOD
    assert SCORES.decode(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()) == GOOD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": [{"path": "p", "top1": "x"}]}, "is damaged: models[0].top1: expected float, got str"),
        ({"models": [{"top1": 1}]}, "is damaged: models[0]: missing field 'path'"),
        ({"what": {"a": {"path": 1, "top1": 1}}}, "is damaged: what[...].path: expected str, got int"),
        ({"what": {}}, "is damaged: what: expected object of length >= 1"),
        ({"num": -1}, "is damaged: num: expected int >= 0"),
        ({"num": True}, "is damaged: num: expected int, got bool"),
        ({"note": 3}, "is damaged: note: expected str | null, got int"),
        ({"schema_version": 3}, "has version 3; this program reads version 2"),
    ],
)
def test_the_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ResultError) as error:
        SCORES.decode(json.dumps({**GOOD, **change}).encode(), "'r.json'")
    assert error.value.message == f"result 'r.json' {message}"


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", "is not JSON"),
        (b'{"num": NaN}', "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"{}", "states no version"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, finding: str) -> None:
    with pytest.raises(ResultError, match=finding):
        SCORES.decode(data)


def test_a_struct_is_built_and_may_refuse_unknown_fields() -> None:
    setting = Setting(device="CPU", mode=None, bounds={"f32": 1}, names=("a",))
    text = to_json(setting, version=1)
    assert SETTING.decode(text.encode()) == setting
    with pytest.raises(ProfileError, match="unknown field 'more'"):
        SETTING.decode(json.dumps({**json.loads(text), "more": 1}).encode())
    with pytest.raises(ProfileError, match="mode: invalid enum value 'fast'"):
        SETTING.decode(json.dumps({**json.loads(text), "mode": "fast"}).encode())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"cannot read result '.*none': No such file"):
        SCORES.read(tmp_path / "none")


def test_json_that_no_file_of_ours_can_be(subtests: pytest.Subtests) -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(deepest) == json.loads(deepest)
    assert parse_json(b'\xef\xbb\xbf{"a": 1, "a": 2}') == {"a": 2}
    too_deep = f"its lists and objects are nested more than {MAX_DEPTH} deep"
    for text, reason in [
        (f"[{deepest}]", too_deep),
        ("[" * 200_000, too_deep),
        ('{"a":' * 99 + "1" + "}" * 99 + "]", "trailing characters (byte 596)"),
        ("NaN", "invalid character (byte 0)"),
        ("1e999", "number out of range"),
        ("9" * 5000, "integer value out of range"),
        (r'"\udcff"', "invalid utf-16 surrogate pair (byte 7)"),
        ("\ud800", "it has bytes that are not UTF-8"),
        (b'"\xff"', "it has bytes that are not UTF-8"),
        ("", "input data was truncated"),
    ]:
        with subtests.test(text=text[:20]), pytest.raises(JSONError) as caught:
            parse_json(text)
        assert str(caught.value) == reason
    with pytest.raises(ResultError, match=r"models\[0\]\.top1: number out of range"):
        SCORES.decode(json.dumps({**GOOD, "models": [{"path": "p", "top1": 10**400}]}).encode())


def test_a_rate_is_a_number_of_few_digits() -> None:
    rates = {"25": 25, "29.97": 29.97, "30000/1001": 30000 / 1001, "-1": -1, "0": 0}
    assert {text: float(parse_rate(text) or 0) for text in rates} == rates
    for text in ("", "fast", "1e9", "1/0", "1" * 10, "1/00", " 25", "25.", "inf", "nan", "٢٥", "1_0"):
        assert parse_rate(text) is None
