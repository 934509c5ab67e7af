"""A description that lies, in an IR or in a file, is refused in one short sentence, whichever field lies."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import tiny_spec, write_tiny_ir

from i3d_edge.core.errors import I3DError, IRError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.spec_file import spec_to_fields
from i3d_edge.runtime.inference.answers import to_probabilities
from i3d_edge.runtime.inference.ir import read_ir

GONE = object()
LIES = {
    **{str(value): value for value in (None, True, -1, 0, 0.5, float("nan"), float("inf"), 10**9, [], [1], {})},
    **{repr(value): value for value in ("x", "", "a\x1b[2Jb", "a\n", "\ud800", "1e999999999")},
    "gone": GONE,
    "long": "y" * 5000,
    "digits": "@9999",
    "deep": "@[[[[",
}
TRUE = {
    "mean.0": {"-1", "0", "0.5"},
    "scale.0": {"0.5"},
    "takes_pixels": {"True"},
    "frame_rate_fps": {"None", "0.5"},
    "passes": {"[]"},
    "made_with": {"{}"},
    **dict.fromkeys(("short_side_px", "fusion"), {"None"}),
    **dict.fromkeys(("fingerprint", "frozen_graph_sha256", "precision"), {"None", "'x'", "'1e999999999'"}),
    **dict.fromkeys(("origin", "name", "names.0"), {"'x'", "'1e999999999'"}),
}
"""What is no lie, by the end of a field's place."""
OPTIONAL = "family colour_order view_fusion frame_rate_fps frame_stride batch fusion has_embedding origin fingerprint "
OPTIONAL += "frozen_graph_sha256 precision passes made_with"
FIRST_ALONE = ("mean", "scale", "names")


def places(part: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place of a description; of a list of the like, the first."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        if not (key and place and place[-1] in FIRST_ALONE):
            yield (*place, key)
            yield from places(value, (*place, key))


def to_text(value: object) -> str:
    """Return JSON, with what Python cannot say."""
    return json.dumps(value).replace('"@9999"', "9" * 5000).replace('"@[[[["', "[" * 100_000)


def lies() -> Iterator[tuple[str, dict[str, Any]]]:
    truth = spec_to_fields(tiny_spec())
    for place in places(truth):
        for name, value in LIES.items():
            fields = copy.deepcopy(truth)
            part: Any = fields
            for key in place[:-1]:
                part = part[key]
            if value is GONE:
                del part[place[-1]]
            else:
                part[place[-1]] = value
            end = ".".join(map(str, place[-2:] if isinstance(place[-1], int) else place[-1:]))
            is_true = name in TRUE.get(end, ()) or (value is GONE and end in OPTIONAL.split())
            if not is_true:
                yield f"{'.'.join(map(str, place))} {name}", fields


def in_ir(folder: Path) -> Callable[[dict[str, Any]], None]:
    """Return what reads an IR that says so of itself."""
    path = write_tiny_ir(folder / "own.xml")
    tree = ET.parse(path)
    group = tree.find("rt_info/i3d_edge")
    assert group is not None

    def read(fields: dict[str, Any]) -> None:
        group.clear()
        for name, value in fields.items():
            ET.SubElement(group, name, value=to_text(value))
        tree.write(path)
        read_ir(path)

    return read


def in_file(folder: Path) -> Callable[[dict[str, Any]], None]:
    """Return what reads an IR that a file describes so."""
    path, spec = write_tiny_ir(folder / "plain.xml"), folder / "spec.json"
    tree = ET.parse(path)
    info = tree.find("rt_info")
    assert info is not None
    info.clear()
    tree.write(path)

    def read(fields: dict[str, Any]) -> None:
        spec.write_text(to_text(fields))
        read_ir(path, spec_path=spec)

    return read


@pytest.mark.parametrize("way", [in_ir, in_file])
def test_every_field_is_checked(way: Callable[[Path], Callable[[dict[str, Any]], None]], tmp_path: Path) -> None:
    read = way(tmp_path)
    read(spec_to_fields(tiny_spec()))
    believed = []
    for lie, fields in lies():
        try:
            read(fields)
        except IRError as error:
            assert len(error.message) < 400 + len(str(tmp_path)), lie
            assert error.message.isprintable(), lie
        else:
            believed.append(lie)
    # The only output of an IR may have any name: the file gives it its own.
    assert believed == (["head.output 'x'", "head.output '1e999999999'"] if way is in_file else [])


def test_an_output_that_holds_something_else(subtests: pytest.Subtests) -> None:
    spec = i3d_spec(labels=tiny_spec().labels)
    for values in ([3, 1, 0, -2, 5], [2, 1, 1, 1, 1], [1.2, -0.2, 0, 0, 0], [0] * 5):
        with subtests.test(values=values), pytest.raises(I3DError, match="output 'Softmax' holds probabilities; its"):
            to_probabilities(np.array([values], np.float32), spec)
