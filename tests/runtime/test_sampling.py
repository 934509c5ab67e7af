import pytest

from runtime.sampling import clip_samples, clip_starts


@pytest.mark.parametrize(
    ("num_samples", "num_frames", "num_clips", "expected"),
    [
        (79, 79, 1, [0]),
        (80, 79, 1, [0]),
        (81, 79, 1, [1]),
        (250, 79, 1, [85]),
        (10, 79, 1, [0]),
        (100, 79, 3, [0, 11, 21]),
        (250, 79, 2, [0, 171]),
        (10, 79, 3, [0, 0, 0]),
        (10, 4, 2, [0, 6]),
    ],
)
def test_clips_are_spread_over_the_video(
    num_samples: int, num_frames: int, num_clips: int, expected: list[int]
) -> None:
    assert clip_starts(num_samples, num_frames, num_clips) == expected


def test_a_short_video_repeats_from_its_start() -> None:
    assert clip_samples(0, 3, 7) == [0, 1, 2, 0, 1, 2, 0]


def test_a_clip_is_consecutive() -> None:
    assert clip_samples(85, 250, 79) == list(range(85, 164))
