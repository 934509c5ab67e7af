"""Any file is read or refused: a reader raises no other exception than the project's own, whatever it is given."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from readers import Reader, readers

from i3d_edge.core.errors import I3DError

NUM_FEW, NUM_MANY = 25, 600
"""Files for each reader: in every run of the tests, and among those that take minutes."""
ODD: list[Any] = [
    *(None, True, -1, 0, 1, 5, -0.0, -1.5, 0.3, 1e308, 5e-324, 2**53, 2**63, -(2**63), 10**30, 10**400, 10**4200),
    *(
        "",
        "\0",
        "\x1b[2J",
        "\ud800",
        "a\nb",
        "é",
        "0",
        "1/0",
        "9e9999999",
        "25",
        "x" * 3000,
        "../../etc/passwd",
        "=1+1",
        "/dev/zero",
    ),
    *([], {}, [[]], [None], {"": 0}, ["a", "a"], [-1, 2**64], [0.5, "b"]),
]
RAW = ["NaN", "-Infinity", "1e999", "-1e999", "1" * 4400, "[" * 200 + "]" * 200, "[" * 100_000, '{"a":' * 2000, "\xff"]
"""What JSON cannot hold, or Python cannot parse, as it stands in a file."""


WORDS = [b"-5", b"True", b"9" * 30, b"(((", b"\n", b'"', b",", b"'|O'", b"\0", b"\xef\xbb\xbf", b"\\ud800"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Reader]:
    return readers(tmp_path_factory.mktemp("readers"))


NAMES = (
    *("result.json", "predictions.jsonl", "baseline", "run.json", "videos.jsonl", "path,label", "path index", "ucf101"),
    *("kinetics csv", "kinetics json", "omz json", "something json", "manifest", "labels", "labels json"),
    *("description", "profile", "any json", "golden answers", "bundle", "cameras", "array"),
    *("answers", "events", "ground truth", "found"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_or_refused(name: str, made: Mapping[str, Reader]) -> None:
    fuzz(made[name], NUM_FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_files_are_read_or_refused(name: str, made: Mapping[str, Reader]) -> None:
    fuzz(made[name], NUM_MANY)


def test_all_readers_are_tried_with_a_file_that_they_read(made: Mapping[str, Reader]) -> None:
    assert set(made) == set(NAMES)
    for name, reader in made.items():
        reader.path.write_bytes(reader.valid)
        with pytest.raises(I3DError, match="are gone") if name == "manifest" else nullcontext():
            reader.read()


def fuzz(reader: Reader, number: int) -> None:
    @hypothesis.settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(variants(reader.valid))
    def check(data: bytes) -> None:
        reader.path.write_bytes(data)
        with suppress(I3DError):
            reader.read()

    check()


def variants(valid: bytes) -> st.SearchStrategy[bytes]:
    """Return files that are like a valid one, and some that are not."""
    kinds = [spliced(valid), st.binary(max_size=300), st.text(max_size=200).map(encoded)]
    if valid[:1] in (b"{", b"["):
        kinds += 4 * [edited([json.loads(line) for line in documents(valid)])]
    return st.one_of(kinds)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def documents(valid: bytes) -> list[bytes]:
    """Return the document of JSON, or the rows of JSON lines."""
    lines = valid.splitlines()
    return lines if len(lines) > 1 and lines[0].endswith(b"}") else [valid]


@st.composite
def spliced(draw: st.DrawFn, valid: bytes) -> bytes:
    """A file with some of its bytes replaced by others."""
    start = draw(st.integers(0, len(valid)))
    end = draw(st.integers(start, min(len(valid), start + draw(st.sampled_from([0, 1, 8, 10**6])))))
    own = st.binary(max_size=40) | st.sampled_from([text.encode("latin-1") for text in RAW])
    return valid[:start] + draw(own | st.sampled_from(WORDS)) + valid[end:]


@st.composite
def edited(draw: st.DrawFn, rows: list[Any]) -> bytes:
    """JSON with one or two of its values replaced or left out, or a value somewhere that no JSON can hold."""
    rows = copy.deepcopy(rows)
    hole = json.dumps("hole of the file")
    for _ in range(draw(st.integers(1, 2))):
        parent, key = draw(st.sampled_from(places(rows)))
        action = draw(st.sampled_from(["odd", "odd", "made", "raw", "drop", "double"]))
        if action == "drop" and len(rows) * len(parent) > 1:
            del parent[key]
        elif action == "double" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            made = {"odd": st.sampled_from(ODD), "made": DOCUMENTS, "raw": st.just(json.loads(hole))}
            parent[key] = copy.deepcopy(draw(made.get(action, DOCUMENTS)))
    text = "\n".join(json.dumps(row) for row in rows) + "\n"
    return text.replace(hole, draw(st.sampled_from(RAW))).encode("latin-1", "replace")


def places(rows: list[Any]) -> list[tuple[Any, Any]]:
    """Return every value of some documents, as what holds it and its key."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [rows]
    while waiting:
        parent = waiting.pop()
        for key, value in parent.items() if isinstance(parent, dict) else enumerate(parent):
            found.append((parent, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    return found


DOCUMENTS = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)
