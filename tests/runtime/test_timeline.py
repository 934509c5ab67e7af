from fractions import Fraction

import pytest

from i3d_edge.runtime.frames.file_clock import continued
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


def test_gaps_are_left_out_and_stills_are_not(subtests: pytest.Subtests) -> None:
    """Ticks of 1 s, then the end; what is left; and what was left out."""
    for case, (ticks, expected, left_out) in {
        "an hour": ([0, 1, 2, 3600, 3601, 3602], [0, 1, 2, 3, 4, 5], {3.0: 3597.0}),
        "the last frame": ([0, 1, 2, 3600, 3601], [0, 1, 2, 3, 4], {3.0: 3597.0}),
        "how long the last frame is shown": ([0, 1, 2, 3600], [0, 1, 2, 3], {3.0: 3597.0}),
        "below zero": ([-900, -899, -898, 5, 6], [-900, -899, -898, -897, -896], {3.0: 902.0}),
        "a still of a minute": ([0, 1, 61, 62], [0, 1, 61, 62], {}),
        "a time-lapse": ([0, 100, 200, 300, 900], [0, 100, 200, 300, 900], {}),
    }.items():
        with subtests.test(case):
            filmed, found = Timeline(tuple(ticks[:-1]), ticks[-1], Fraction(1)).filmed()
            assert ([*filmed.ticks, filmed.end_tick], found) == (expected, left_out)


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([1, 2, None, 4], [1, 2, 3, 4]),
        ([10, 11, 3, 5], [10, 11, 12, 14]),
        ([1, 2, 900, 4], [1, 2, 3, 4]),
        ([1, 2, 900, 901], [1, 2, 900, 901]),
        ([0, 1, 1, 2], [0, 1, 2, 3]),
        ([None, None, None], [0, 1, 2]),
    ],
)
def test_a_clock_that_jumps_back_goes_on(ticks: list[int | None], expected: list[int]) -> None:
    assert continued(ticks, 1) == expected
