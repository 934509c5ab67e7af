from fractions import Fraction

import pytest

from i3d_edge.runtime.frames.timeline import Timeline


def regular(num_frames: int, fps: int) -> Timeline:
    return Timeline(tuple(range(num_frames)), num_frames, Fraction(1, fps))


def test_each_sample_sees_the_frame_on_display(subtests: pytest.Subtests) -> None:
    for case, (timeline, expected) in {
        "25 fps": (regular(5, 25), [0, 1, 2, 3, 4]),
        "30 fps": (regular(6, 30), [0, 1, 2, 3, 4]),
        "30 fps, past 200 ms": (regular(7, 30), [0, 1, 2, 3, 4, 6]),
        "10 fps repeats": (regular(3, 10), [0, 0, 0, 1, 1, 2, 2, 2]),
        "50 fps skips": (regular(6, 50), [0, 2, 4]),
        "one at 24": (regular(1, 24), [0, 0]),
        "one at 30": (regular(1, 30), [0]),
        "gap": (Timeline((0, 1, 10, 11), 12, Fraction(1, 25)), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]),
        "29.97": (Timeline((1001, 2002, 3003), 4004, Fraction(1, 30000)), [0, 1, 2]),
        "negative": (Timeline((-3, -2, -1), 0, Fraction(1, 25)), [0, 1, 2]),
    }.items():
        with subtests.test(case):
            num_samples = timeline.num_samples(25)
            assert [timeline.frame_at(sample, 25) for sample in range(num_samples)] == expected


def test_a_frame_is_shown_from_its_own_time_on() -> None:
    timeline = Timeline((0, 4000), 8000, Fraction(1, 100_000))  # 0 and exactly 40 ms
    assert timeline.frame_at(1, 25) == 1
    late = Timeline((0, 4001), 8000, Fraction(1, 100_000))
    assert late.frame_at(1, 25) == 0


def test_duration_and_rate() -> None:
    timeline = regular(250, 25)
    assert (timeline.duration_s, timeline.mean_fps, timeline.num_frames) == (10.0, 25.0, 250)
