"""The classic mistakes, made on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from i3d_edge.convert.mistakes import mistakes, name_mistake
from i3d_edge.convert.parity import generated_pixels
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.normalisation import normalised

SPEC = i3d_spec(labels=kinetics_400(), num_frames=9)
[(NAME, PORT)] = SPEC.inputs.items()
MISTAKES = mistakes(PORT)
CLIP = normalised(generated_pixels(SPEC)["gratings"][NAME], PORT)


def test_no_mistake() -> None:
    assert name_mistake(CLIP, CLIP, PORT) is None
    noise = np.random.default_rng(0).normal(0, 0.01, CLIP.shape).astype(np.float32)
    assert name_mistake(CLIP, CLIP + noise, PORT) is None


def test_each_is_named(subtests: pytest.Subtests) -> None:
    for title in MISTAKES:
        with subtests.test(title=title):
            assert name_mistake(CLIP, MISTAKES[title](CLIP), PORT) == title


def test_ncdhw_fed_as_ndchw_by_hand() -> None:
    clip = np.arange(2 * 2 * 3).reshape(1, 2, 1, 2, 3).astype(np.float32)  # N D H W C
    memory = [[0, 3], [6, 9], [1, 4], [7, 10], [2, 5], [8, 11]]  # C0 D0, C0 D1, C1 D0, C1 D1, C2 D0, C2 D1
    seen = MISTAKES["NCDHW fed as NDCHW"](clip)
    # The first frame's three channels are the first three planes in memory.
    assert seen[0, 0, 0].T.tolist() == memory[:3]
    assert seen[0, 1, 0].T.tolist() == memory[3:]


def test_other_pictures() -> None:
    assert name_mistake(CLIP, np.roll(CLIP, 30, axis=3), PORT) == (
        "other pictures: other frames, or another resize or crop of the same"
    )
