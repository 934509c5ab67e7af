"""A description that lies, in an IR or in a file, is refused in one short sentence, whichever field lies."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from edits import GONE, edited, places
from tiny import tiny_spec, write_tiny_ir

from i3d_edge.core.errors import I3DError, IRError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields
from i3d_edge.runtime.inference import ir
from i3d_edge.runtime.inference.answers import to_probabilities

LIES = {
    **{str(value): value for value in (None, True, -1, 0, 0.5, float("nan"), 10**9, [], {})},
    **{repr(value): value for value in ("x", "", "\ud800")},
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
    **dict.fromkeys(("short_side_px", "fusion"), ("None",)),
    **dict.fromkeys(("fingerprint", "frozen_graph_sha256", "precision"), ("None", "'x'")),
    **dict.fromkeys(("origin", "name", "names.0"), ("'x'",)),
}
"""What is no lie, by the end of a field's place."""
OPTIONAL = "family colour_order view_fusion frame_rate_fps frame_stride batch fusion has_embedding origin fingerprint "
OPTIONAL += "frozen_graph_sha256 precision passes made_with"
FIRST_ALONE = ("mean", "scale", "names")


def is_of_a_kind(place: tuple[Any, ...]) -> bool:
    """Whether a place is one of a list of the like, and not its first."""
    return any(isinstance(key, int) and key > 0 and before in FIRST_ALONE for before, key in itertools.pairwise(place))


def to_text(value: object) -> str:
    """Return JSON, with what Python cannot say."""
    return json.dumps(value).replace('"@9999"', "9" * 5000).replace('"@[[[["', "[" * 100_000)


def lies() -> Iterator[tuple[str, dict[str, Any]]]:
    truth = spec_to_fields(tiny_spec())
    for place in itertools.filterfalse(is_of_a_kind, places(truth)):
        for name, value in LIES.items():
            end = ".".join(map(str, place[-2:] if isinstance(place[-1], int) else place[-1:]))
            is_true = name in TRUE.get(end, ()) or (value is GONE and end in OPTIONAL.split())
            if not is_true:
                yield f"{'.'.join(map(str, place))} {name}", edited(truth, place, value)


@pytest.mark.parametrize("way", ["IR", "file"])
def test_every_field_is_checked(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, spec_path = write_tiny_ir(tmp_path / "tiny.xml"), tmp_path / "spec.json"
    path.write_text(re.sub("<i3d_edge>.*</i3d_edge>", "", path.read_text(), flags=re.DOTALL))
    plain = ov.Core().read_model(path)  # once: there are hundreds of lies

    def read(fields: dict[str, Any]) -> None:
        model = plain.clone()
        if way == "IR":
            for name, value in fields.items():
                model.set_rt_info(to_text(value), [RT_INFO_GROUP, name])
        else:
            spec_path.write_text(to_text(fields))
        monkeypatch.setattr(ir, "_read_model", lambda _path: model)
        ir.read_ir(path, spec_path=None if way == "IR" else spec_path)

    read(spec_to_fields(tiny_spec()))
    believed, messages = [], {}
    for lie, fields in lies():
        try:
            read(fields)
        except IRError as error:
            messages[lie] = error.message
        else:
            believed.append(lie)
    assert [lie for lie, text in messages.items() if len(text) > 400 + len(str(tmp_path))] == []
    assert [lie for lie, text in messages.items() if not text.isprintable()] == []
    # The only output of an IR may have any name: the file gives it its own.
    assert believed == (["head.output 'x'"] if way == "file" else [])


def test_an_output_that_holds_something_else(subtests: pytest.Subtests) -> None:
    spec = i3d_spec(labels=tiny_spec().labels)
    for values in ([3, 1, 0, -2, 5], [2, 1, 1, 1, 1], [1.2, -0.2, 0, 0, 0], [0] * 5):
        with subtests.test(values=values), pytest.raises(I3DError, match="output 'Softmax' holds probabilities; its"):
            to_probabilities(np.array([values], np.float32), spec)
