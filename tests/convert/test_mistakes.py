"""The classic mistakes, made on purpose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from i3d_edge.convert.mistakes import compare_geometry, mistakes, name_mistake
from i3d_edge.convert.parity import generated_pixels
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.normalisation import normalised

SPEC = i3d_spec(labels=kinetics_400(), num_frames=16)
[(NAME, PORT)] = SPEC.inputs.items()
MISTAKES = mistakes(PORT)
CLIP = normalised(generated_pixels(SPEC)["gratings"][NAME], PORT)


def scene(height: int = 360, width: int = 640) -> np.ndarray:
    """A wide picture with detail of all sizes, uint8."""
    rng = np.random.default_rng(5)
    picture = np.zeros((height, width, 3), np.float32)
    for side in (4, 8, 16, 32):
        small = rng.uniform(0, 255, (height // side + 1, width // side + 1, 3)).astype(np.float32)
        picture += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) / 4
    return np.clip(picture, 0, 255).astype(np.uint8)


def clip_of(picture: np.ndarray, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Resize to (width, height), crop the central 224 square, and make a clip of it that stands still."""
    resized = cv2.resize(picture, size, interpolation=interpolation)
    top, left = (size[1] - 224) // 2, (size[0] - 224) // 2
    frame = resized[top : top + 224, left : left + 224].astype(np.float32) / 127.5 - 1
    return np.repeat(frame[np.newaxis, np.newaxis], 16, axis=1)


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


def test_another_resize_is_measured(subtests: pytest.Subtests) -> None:
    for case, (size, expected) in {
        "squeezed whole": ((224, 224), "a different resize: it shows 2.03 times the width and 1.14 times the height"),
        "short side 224": ((398, 224), "a different resize: it shows 1.14 times the width and 1.14 times the height"),
        "aspect lost": ((340, 256), "a different resize: it shows 1.34 times the width and 1.00 times the height"),
    }.items():
        with subtests.test(case):
            picture = scene()
            found = name_mistake(clip_of(picture, (455, 256)), clip_of(picture, size), PORT)
            assert found is not None
            assert found.split(" ")[:6] == expected.split(" ")[:6]
            numbers = [[float(word) for word in text.split() if word[0].isdigit()] for text in (found, expected)]
            assert numbers[0] == pytest.approx(numbers[1], rel=0.02)


def test_another_interpolation() -> None:
    picture = scene(180, 320)
    found = name_mistake(clip_of(picture, (455, 256)), clip_of(picture, (455, 256), cv2.INTER_NEAREST), PORT)
    assert found is not None
    assert found.startswith("a different resize: the same crop, another interpolation (correlation 0.9")


def test_other_pictures() -> None:
    other = scene()[::-1, ::-1].copy()
    assert name_mistake(clip_of(scene(), (455, 256)), clip_of(other, (455, 256)), PORT) == (
        "other pictures: neither a known mistake nor another resize of the same frames"
    )


def test_geometry_of_the_same_picture() -> None:
    clip = clip_of(scene(), (455, 256))
    geometry = compare_geometry(clip, clip)
    assert (geometry.correlation, geometry.width, geometry.height) == pytest.approx((1, 1, 1), abs=1e-5)
