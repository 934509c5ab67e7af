from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from live import SPEC, numbered
from synthetic import read_number

from i3d_edge.core.spec import ModelSpec, Stepping
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.window import Hop, Sampler, StreamWindow, WindowBuilder
from i3d_edge.runtime.views.clip import Clip

WIDE = replace(SPEC, crop_px=(96, 96), short_side_px=96)


def test_the_frame_on_display_is_the_sample(subtests: pytest.Subtests) -> None:
    for case, (times, expected) in {
        "25 fps: each at once": ([0, 40, 80], [(0, True), (0, True), (0, True)]),
        "10 fps: 0 0 0 1 1, and 2 at once": ([0, 100, 200], [(0, True), (2, False), (2, True)]),
        "50 fps: every second": ([0, 20, 40, 60, 80], [(0, True), (0, False), (0, True), (0, False), (0, True)]),
        "late by a little": ([0, 39, 81], [(0, True), (0, False), (2, False)]),
        "any first time": ([500, 540], [(0, True), (0, True)]),
    }.items():
        with subtests.test(case):
            sampler = Sampler(25)
            assert [sampler.feed(Fraction(time, 1000)) for time in times] == expected


def windows(times: list[Fraction], hop: int, spec: ModelSpec = WIDE) -> list[StreamWindow]:
    builder = WindowBuilder(spec, Hop(hop))
    images = numbered(range(len(times)))
    result = []
    for time, image in zip(times, images, strict=True):
        result += builder.add(LiveFrame(time, float(time) + 100, float(time) + 1000, np.tile(image, (2, 1, 1))))
    return [*result, *builder.finish(times[-1] - times[-2])]


RATES = {
    "10": [Fraction(1, 10)] * 40,
    "23.976": [Fraction(1001, 24000)] * 80,
    "25": [Fraction(1, 25)] * 80,
    "29.97": [Fraction(1001, 30000)] * 90,
    "60": [Fraction(1, 60)] * 150,
    "variable": [Fraction(n, 1000) for n in (5, 90, 33, 200, 41, 40, 39, 10)] * 10,
}


def test_windows_hold_the_frames_of_the_rule(subtests: pytest.Subtests) -> None:
    for rate, steps in RATES.items():
        with subtests.test(rate=rate):
            times = list(accumulate(steps, initial=Fraction(3)))
            ticks = tuple(int(time * 120_000) for time in times)
            assert [Fraction(tick, 120_000) for tick in ticks] == times
            timeline = Timeline(ticks, 2 * ticks[-1] - ticks[-2], Fraction(1, 120_000))
            cut = windows(times, 1)
            assert len(cut) == timeline.num_samples(25) - 9
            for start, window in enumerate(cut):
                assert [read_number(frame) for frame in window.frames] == [
                    timeline.frame_at(sample, 25) for sample in range(start, start + 10)
                ]
                assert (window.start_s, window.end_s) == pytest.approx((3 + start / 25, 3 + (start + 10) / 25))


def test_hops(subtests: pytest.Subtests) -> None:
    for hop, starts in [(1, range(51)), (7, range(0, 51, 7)), (30, range(0, 51, 30))]:
        with subtests.test(hop=hop):
            cut = windows([Fraction(number, 25) for number in range(60)], hop)
            assert [read_number(window.frames[0]) for window in cut] == list(starts)


def test_windows_lie_as_the_network_wants_them(subtests: pytest.Subtests) -> None:
    for layout in ["NDCHW", "NDHWC", "NCDHW", "DCHW", "DHWC"]:
        with subtests.test(layout=layout):
            cut = windows([Fraction(number, 25) for number in range(60)], 1, replace(WIDE, layout=layout))
            for number, window in enumerate(cut):
                assert read_number(window.frames[9]) == number + 9
                [clip] = model_inputs(Clip(window.frames, 0, 1), replace(WIDE, layout=layout)).values()
                assert clip.flags.c_contiguous == (layout != "NCDHW")


def _block(frames: np.ndarray) -> object:
    while isinstance(frames.base, np.ndarray):
        frames = frames.base
    return frames.base


def test_memory_is_that_of_the_windows_that_are_kept() -> None:
    cut = windows([Fraction(number, 25) for number in range(60)], 1)
    blocks = {id(_block(window.frames)) for window in cut}
    assert len(blocks) == 1 + -(-(60 - 20) // 11)  # a block of 20, then one for each 11 more samples


def test_blocks_that_nobody_refers_to_are_used_again() -> None:
    builder = WindowBuilder(WIDE, Hop(1))
    held = []
    for number, image in enumerate(numbered(range(200))):
        for window in builder.add(LiveFrame(Fraction(number, 25), 0, 0, np.tile(image, (2, 1, 1)))):
            if number == 30:
                held.append(window.frames[::-1])
    assert len(builder._memories) == 3  # of which one is held
    assert [read_number(frame) for frame in held[0]] == list(range(30, 20, -1))


def test_the_last_frame_of_a_window_says_when_it_arrived() -> None:
    [window, *_] = windows([Fraction(number, 25) for number in range(12)], 1)
    assert (window.arrived_s, window.wall_s) == pytest.approx((100.36, 1000.36))


def test_nothing_spans_a_restart() -> None:
    builder = WindowBuilder(WIDE, Hop(1))
    cut = []
    for number, image in enumerate(numbered(range(25))):
        if number == 13:
            builder.restart()
        cut += builder.add(LiveFrame(Fraction(number, 25), 0, 0, np.tile(image, (2, 1, 1))))
    assert [read_number(window.frames[0]) for window in cut] == [0, 1, 2, 3, 13, 14, 15]
    assert cut[4].start_s == 13 / 25


def test_pictures_of_changing_size_are_resized_each() -> None:
    builder = WindowBuilder(WIDE, Hop(1))
    cut = []
    for number in range(12):
        image = np.repeat(np.repeat(numbered(range(number, number + 1))[0], 2 + 2 * (number % 2), 0), 1 + number % 2, 1)
        cut += builder.add(LiveFrame(Fraction(number, 25), 0, 0, image))
    assert [read_number(frame) for frame in cut[-1].frames] == list(range(2, 12))


def test_a_step_model_is_shown_the_first_window_as_it_comes() -> None:
    stepping = Stepping(mode="exact", hop=4, warm_up=3, window_sha256=("0" * 64, "1" * 64))
    cut = windows([Fraction(number, 25) for number in range(20)], 4, replace(WIDE, stepping=stepping))
    shown = [[read_number(frame) for frame in window.frames] for window in cut]
    assert [(numbers[0], numbers[-1]) for numbers in shown] == [(0, 1), (0, 5), (0, 9), (4, 13), (8, 17)]
    assert [window.follows for window in cut] == [False, True, True, True, True]
    assert [(window.start_s, window.end_s) for window in cut[1:3]] == [(0, 6 / 25), (0, 10 / 25)]


def test_a_step_model_of_every_second_sample() -> None:
    stepping = Stepping(mode="exact", hop=4, warm_up=3, window_sha256=("0" * 64, "1" * 64))
    spec = replace(WIDE, frame_stride=2, stepping=stepping)
    cut = windows([Fraction(number, 25) for number in range(30)], 8, spec)
    shown = [[read_number(frame) for frame in window.frames] for window in cut]
    assert shown == [[0, 2], [0, 2, 4, 6, 8, 10], list(range(0, 20, 2)), list(range(8, 28, 2))]
