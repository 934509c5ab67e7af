"""Which source frames a clip at 25 samples a second shows, by a table worked by hand.

Each video is lossless and its frames encode their index, which is read back from the pixels of the clip. Sample k is
taken at k * 40 ms; frame i of a video at r frames a second is on display from i / r s.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from synthetic import numbered_frame, read_number, write_video

from i3d_edge.runtime.frames.sources import open_source
from i3d_edge.runtime.views.plan import Clip, ViewPlan, ViewReader

SIDE_PX = 96

# Sample:      0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
RATES = {
    # k * 0.4
    "10": [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 9, 10, 10],
    # k * 960/1001: 0.959 behind by one at once, and by another at sample 25: 25 * 960/1001 = 23.976
    "24000/1001": [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 23, 24],
    "25": list(range(27)),
    # k * 1200/1001: 1.199, 2.398, 3.596, 4.795, 5.994 (not 6 yet), 7.193, ...
    "30000/1001": [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 31],
    # k * 1.2: every sixth frame is passed over
    "30": [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24, 25, 26, 27, 28, 30, 31],
    # k * 2.4
    "60": [0, 2, 4, 7, 9, 12, 14, 16, 19, 21, 24, 26, 28, 31, 33, 36, 38, 40, 43, 45, 48, 50, 52, 55, 57, 60, 62],
}


def frames(num_frames: int) -> list[np.ndarray]:
    return [numbered_frame(number, SIDE_PX, SIDE_PX) for number in range(num_frames)]


def clip_of(path: Path, num_frames: int, *, thorough: bool = False) -> Clip:
    """Return the first clip of a video, whole frames of it."""
    plan = ViewPlan(num_frames=num_frames, num_clips=2, fit_px=SIDE_PX, crop_px=SIDE_PX)
    return next(iter(ViewReader(open_source(path, thorough=thorough), plan)))


def shown(clip: Clip) -> list[int]:
    return [read_number(frame) for frame in clip.frames]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("rate", list(RATES))
def test_constant_rates(rate: str, suffix: str, tmp_path: Path) -> None:
    """By the packets' times, and by decoding everything."""
    path = write_video(tmp_path / f"video{suffix}", frames(70), rate=Fraction(rate), time_base=1 / Fraction(rate))
    assert shown(clip_of(path, 27)) == RATES[rate]
    assert shown(clip_of(path, 27, thorough=True)) == RATES[rate]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (10, [58, 58, 58, 59, 59, 60, 60, 60, 61, 61]),
        (25, [145, 146, 147, 148, 149, 150, 151, 152, 153, 154]),
        (50, [290, 292, 294, 296, 298, 300, 302, 304, 306, 308]),
    ],
)
def test_a_clip_that_is_sought_begins_where_it_should(rate: int, expected: list[int], tmp_path: Path) -> None:
    """Of 300 samples the centre clip of ten begins with sample 145, at 5.8 s: farther in than what is decoded."""
    path = write_video(tmp_path / "long.mp4", frames(12 * rate), rate=rate, time_base=Fraction(1, rate))
    plan = ViewPlan(num_frames=10, num_clips=1, fit_px=SIDE_PX, crop_px=SIDE_PX)
    [clip] = ViewReader(open_source(path), plan)
    assert shown(clip) == expected
    assert clip.start_s == 5.8


def test_a_variable_rate(tmp_path: Path) -> None:
    """Frames at 0, 20, 40, 200, 220, 600 and 1000 ms."""
    ticks = [0, 1, 2, 10, 11, 30, 50]
    path = write_video(tmp_path / "vfr.mp4", frames(7), ticks=ticks, time_base=Fraction(1, 50), rate=50)
    # ms:     0  40  80 120 160 200 240 ... 560 600 ... 960 1000
    expected = [0, 2, 2, 2, 2, 3, *[4] * 9, *[5] * 10, 6]
    assert shown(clip_of(path, 26)) == expected


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turned_videos_lose_no_frame(rotation: int, tmp_path: Path) -> None:
    """The stored frames are turned so that the display matrix turns them back upright."""
    turned = [np.rot90(frame, rotation // 90) for frame in frames(40)]
    path = write_video(tmp_path / "turned.mp4", turned, rate=30, time_base=Fraction(1, 30), rotation=-rotation)
    assert shown(clip_of(path, 27)) == RATES["30"]


def test_an_edit_list_that_begins_later(tmp_path: Path) -> None:
    """The first five frames come before the edit begins: they are decoded, and never shown."""
    path = write_video(tmp_path / "edit.mp4", frames(50), ticks=[number - 5 for number in range(50)])
    assert b"elst" in path.read_bytes()
    assert shown(clip_of(path, 27)) == list(range(5, 32))


def test_an_edit_list_that_begins_with_nothing(tmp_path: Path) -> None:
    """The first frame is due at 400 ms; time counts from it."""
    path = write_video(tmp_path / "late.mp4", frames(50), ticks=[number + 10 for number in range(50)])
    clip = clip_of(path, 27)
    assert shown(clip) == RATES["25"]
    assert clip.start_s == 0


@pytest.mark.parametrize("rate", list(RATES))
def test_matroska_keeps_whole_milliseconds(rate: str, tmp_path: Path) -> None:
    """Its times are rounded, so at 24000/1001 and 30000/1001 a frame may be a sample early or late, and not more."""
    path = write_video(tmp_path / "video.mkv", frames(70), rate=Fraction(rate), time_base=1 / Fraction(rate))
    times_ms = [round(number * 1000 / float(Fraction(rate))) for number in range(70)]
    expected = [max(number for number, time_ms in enumerate(times_ms) if time_ms <= 40 * k) for k in range(27)]
    assert shown(clip_of(path, 27)) == expected
    assert max(abs(a - b) for a, b in zip(expected, RATES[rate], strict=True)) <= 1
