from __future__ import annotations

import numpy as np
import pytest

from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.generated import (
    GOLDEN_CLIPS,
    PATTERNS,
    _random_bytes,
    golden_pixels,
    sha256_pixels,
    to_feeds,
)

_MASK = (1 << 64) - 1


def spec(**fields: object) -> ModelSpec:
    options = {
        "labels": kinetics_400(),
        "num_frames": 16,
        "layout": "NDCHW",
        "input_type": "u8",
        "has_preprocessing": True,
    }
    return ModelSpec(**{**options, **fields})


def test_random_bytes_are_those_of_whole_numbers() -> None:
    """The same in Python's own integers, which have no version of an array library in them."""
    expected = []
    for number in range(50):
        value = ((number + (7 << 32)) * 0x9E3779B97F4A7C15) & _MASK
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            value = ((value ^ (value >> shift)) * factor) & _MASK
        expected.append((value ^ (value >> 31)) >> 56)
    assert _random_bytes(50, 7).tolist() == expected


@pytest.mark.parametrize(
    ("pattern", "sha256"),
    [
        ("gratings", "d08cb2f95e6d0a9ce4c8c707843a09321b35aa4592b955816fcd9423953121b0"),
        ("patches", "0b9c4eb36f24988414ceef6f97ecf50920a571127de0579621ebc59bcb13f16d"),
    ],
)
def test_a_clip_is_what_bundles_were_packed_with(pattern: str, sha256: str) -> None:
    """Hashes of the first version; another one would refuse every bundle there is."""
    [pixels] = golden_pixels(spec(crop_px=64), pattern, GOLDEN_CLIPS[pattern]).values()
    assert (pixels.shape, pixels.dtype) == ((1, 16, 64, 64, 3), np.uint8)
    assert sha256_pixels(pixels) == sha256


@pytest.mark.parametrize("pattern", PATTERNS)
def test_clips_move_and_have_colours(pattern: str) -> None:
    [pixels] = golden_pixels(spec(), pattern, 1).values()
    clip = pixels[0].astype(int)
    assert np.abs(np.diff(clip, axis=0)).mean() > 3
    assert np.abs(np.diff(clip, axis=-1)).mean() > 10
    assert np.ptp(clip) > 200


@pytest.mark.parametrize("pattern", PATTERNS)
def test_other_seeds_and_inputs_are_other_clips(pattern: str) -> None:
    joint = spec(stream="joint", fusion="logits", batch=2, crop_px=32)
    pixels = golden_pixels(joint, pattern, 1)
    assert {name: clip.shape for name, clip in pixels.items()} == {
        "Placeholder": (2, 16, 32, 32, 3),
        "Placeholder_flow": (2, 16, 32, 32, 2),
    }
    assert (pixels["Placeholder"][0] != pixels["Placeholder"][1]).any()
    assert (pixels["Placeholder"][..., :2] != pixels["Placeholder_flow"]).any()
    assert (golden_pixels(joint, pattern, 2)["Placeholder"] != pixels["Placeholder"]).any()


def test_feeds_are_as_the_model_takes_them() -> None:
    joint = spec(stream="joint", fusion="logits", crop_px=32)
    pixels = golden_pixels(joint, "gratings", 1)
    feeds = to_feeds(pixels, joint)
    assert {name: (feed.shape, str(feed.dtype)) for name, feed in feeds.items()} == {
        "Placeholder": ((1, 16, 3, 32, 32), "uint8"),
        "Placeholder_flow": ((1, 16, 2, 32, 32), "float32"),
    }
    assert (feeds["Placeholder"] == pixels["Placeholder"].transpose(0, 1, 4, 2, 3)).all()
    assert feeds["Placeholder_flow"].min() >= -1
    assert feeds["Placeholder_flow"][0, 3, 1, 5, 7] == np.float32(
        (int(pixels["Placeholder_flow"][0, 3, 5, 7, 1]) - 127.5) / 127.5
    )
