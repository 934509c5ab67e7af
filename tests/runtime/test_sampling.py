import pytest

from i3d_edge.runtime.views.sampling import (
    clip_samples,
    clip_starts,
    covering_starts,
    omz_clips,
    segment_starts,
    window_starts,
)


def test_clips_are_spread_over_the_video() -> None:
    for num_samples, num_frames, num_clips, expected in [
        (79, 79, 1, [0]),
        (80, 79, 1, [0]),
        (81, 79, 1, [1]),
        (250, 79, 1, [85]),
        (10, 79, 1, [0]),
        (100, 79, 3, [0, 11, 21]),
        (250, 79, 2, [0, 171]),
        (10, 79, 3, [0, 0, 0]),
        (10, 4, 2, [0, 6]),
    ]:
        assert clip_starts(num_samples, num_frames, num_clips) == expected


def test_a_short_video_repeats_from_its_start() -> None:
    assert clip_samples(0, 3, 7) == [0, 1, 2, 0, 1, 2, 0]


def test_a_clip_is_consecutive() -> None:
    assert clip_samples(85, 250, 79) == list(range(85, 164))


def test_a_stride_skips_samples() -> None:
    assert clip_samples(4, 100, 4, 2) == [4, 6, 8, 10]
    assert clip_samples(0, 5, 4, 2) == [0, 2, 4, 1]


def test_covering_clips_leave_no_sample_out(subtests: pytest.Subtests) -> None:
    for num_samples, expected in [
        (1, [0]),
        (79, [0]),
        (80, [0, 1]),
        (158, [0, 79]),
        (159, [0, 40, 80]),
        (250, [0, 57, 114, 171]),
    ]:
        with subtests.test(num_samples=num_samples):
            starts = covering_starts(num_samples, 79)
            assert starts == expected
            assert {sample for start in starts for sample in clip_samples(start, num_samples, 79)} == set(
                range(num_samples)
            )


def test_segments() -> None:
    for num_samples, num_clips, expected in [
        (100, 3, [6, 18, 30]),  # 37 possible starts, segments of 12.33: 6.17, 18.5, 30.83
        (250, 10, [9, 28, 46, 65, 84, 102, 121, 140, 158, 177]),  # 187 starts, segments of 18.7
        (64, 2, [0, 0]),
        (30, 2, [0, 0]),
    ]:
        assert segment_starts(num_samples, 64, num_clips) == expected


def test_clips_of_open_model_zoo() -> None:
    for num_samples, expected in [
        (10, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]),
        (11, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]),  # (11 - 4) // 2 = 3: the last frame is never seen
        (5, [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 2]]),
        (3, [[0, 1, 2, 0], [1, 2, 1, 2], [2, 2, 2, 2]]),
        (2, [[0, 1, 0, 1], [1, 1, 1, 1]]),  # the third would begin after the end
    ]:
        assert omz_clips(num_samples, 4, 3) == expected


def test_windows_slide_and_the_last_ends_with_the_video() -> None:
    for num_samples, hop, expected in [
        (60, 10, [0]),
        (79, 10, [0]),
        (80, 10, [0, 1]),
        (99, 10, [0, 10, 20]),
        (250, 50, [0, 50, 100, 150, 171]),
        (250, 171, [0, 171]),
        (250, 1000, [0, 171]),
        (82, 1, [0, 1, 2, 3]),
    ]:
        assert window_starts(num_samples, 79, hop) == expected
