"""Protocols named after other programs, beside what those programs give; `peers/README.md` says how that was made."""

import hashlib
import json
import lzma
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from i3d_edge.accuracy.run.protocol import find_preset

PEERS = Path(__file__).with_name("peers")
INDICES = json.loads(lzma.decompress((PEERS / "indices.json.xz").read_bytes()))


def frames_of(clip: int | Sequence, stride: int, num_frames: int, length: int) -> list[int]:
    """Return a clip's frames from how `indices.json.xz` writes them."""
    if isinstance(clip, int):
        return list(range(clip, clip + num_frames * stride, stride))
    first, run, then = clip
    places = {
        "hold": lambda frame: first + min(frame, run - 1) * stride,
        "loop": lambda frame: first + frame % run * stride,
        "modulo": lambda frame: (first + frame * stride) % length,
    }
    return [places[then](frame) for frame in range(num_frames)]


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ("omz", "omz-2022"),
        ("mmaction2", "mmaction2-10x3"),
        ("mmaction2-dense", "mmaction2-dense-10x3"),
        ("gluoncv", "gluoncv-10x3"),
        ("gluoncv-torch", "gluoncv-torch-10x3"),
    ],
)
def test_frames_of_every_length(peer: str, name: str) -> None:
    views, golden = find_preset(name).views, INDICES[peer]
    different = []
    for text, clips in golden["lengths"].items():
        length = int(text)
        theirs = [frames_of(clip, golden["stride"], golden["frames"], length) for clip in clips]
        ours = [] if length < views.fewest_samples else views.clips(length)
        if ours != theirs:
            different.append(length)
    assert len(golden["lengths"]) == 2000
    assert different == []


def test_pixels() -> None:
    golden = json.loads((PEERS / "pixels.json").read_text())
    names = {
        "omz_centre_224": "omz-2022",
        "mmaction2_three_256": "mmaction2-10x3",
        "mmaction2_centre_224": "mmaction2-1x1",
        "gluoncv_three_224": "gluoncv-10x3",
    }
    different = []
    for case in golden["cases"]:
        views = find_preset(names[case["kind"]]).views
        crops = views.crops(views.fitted(picture(case["width"], case["height"])))
        ours = [hashlib.sha256(np.rint(crop).astype(np.uint8).tobytes()).hexdigest() for crop in crops]
        if sorted(ours) != sorted(case["sha256"]):  # theirs: left, right, middle
            different.append((case["kind"], case["width"], case["height"]))
    assert {case["kind"] for case in golden["cases"]} == set(names)
    assert different == []


@cache
def picture(width: int, height: int) -> np.ndarray:
    """The picture that `pixels.json` describes."""
    x, y = np.arange(width, dtype=np.int32), np.arange(height, dtype=np.int32)[:, np.newaxis]
    place = 3 * x * x + 5 * y * y + 7 * x * y
    return np.stack([(place + 5003 * channel) // 32 % 256 for channel in range(3)], axis=-1).astype(np.uint8)
