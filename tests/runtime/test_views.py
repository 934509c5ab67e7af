from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from plans import i3d_plan
from synthetic import read_cropped_number, write_numbered

from i3d_edge.core.errors import VideoDecodeError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime.frames.sources import open_source
from i3d_edge.runtime.views.clip import read_clips
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import ViewPlan, ViewReader

SPEC = i3d_spec(labels=kinetics_400())


def seen(frames: np.ndarray) -> list[int]:
    return [read_cropped_number(frame) for frame in frames]


def low(numbers: list[int]) -> list[int]:
    """What is left of frame numbers when the crop has cut off the outer stripes."""
    return [number & 0b1111111100 for number in numbers]


def test_read_clips_is_the_plan_of_the_spec(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 100)
    views = list(ViewReader(open_source(path), ViewPlan.of_spec(SPEC, ViewOptions(num_clips=3))))
    clips = read_clips(path, SPEC, num_clips=3).clips
    assert [(view.start_s, view.end_s, view.clip) for view in views] == [
        (clip.start_s, clip.end_s, number) for number, clip in enumerate(clips)
    ]
    assert all(np.array_equal(view.frames, clip.frames) for view, clip in zip(views, clips, strict=True))


def test_what_a_clip_needs(subtests: pytest.Subtests) -> None:
    for placement, num_frames, span in [("spread", 32, 64), ("mmaction", 32, 63), ("whole", None, 9)]:
        with subtests.test(placement=placement):
            assert (
                i3d_plan(num_frames=num_frames, frame_stride=2, placement=placement, num_clips=2, min_frames=9).span
                == span
            )


def test_a_grid_ends_where_no_whole_hop_is_left() -> None:
    for num_samples, hop, starts in [(100, 16, [0, 16]), (99, 5, [0, 5, 10, 15, 20]), (80, 7, [0]), (30, 7, [0])]:
        for covers_end in (False, True):
            plan = ViewPlan.of_spec(SPEC, ViewOptions(hop=hop, covers_end=covers_end))
            last = [max(0, num_samples - 79)] if covers_end else []
            assert [clip[0] for clip in plan.clips(num_samples)] == sorted({*starts, *last})


def test_native_rate_and_stride(tmp_path: Path) -> None:
    """50 fps: 25 fps would skip every second frame; the native rate takes them all, a stride of 2 every second."""
    path = write_numbered(tmp_path / "fast.mp4", 120, time_base=Fraction(1, 50), rate=50)
    plan = i3d_plan(num_frames=32, frame_stride=2, rate_fps=None, placement="segments", num_clips=2)
    first, second = ViewReader(open_source(path), plan)
    # 120 - 64 + 1 = 57 starts in 2 segments of 28.5: 14 and 42
    assert seen(first.frames) == low(list(range(14, 78, 2)))
    assert seen(second.frames) == low(list(range(42, 106, 2)))
    assert (first.start_s, first.end_s) == (pytest.approx(14 / 50), pytest.approx(78 / 50))


def test_three_crops_of_each_clip(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 40)
    reader = ViewReader(open_source(path), i3d_plan(num_frames=16, num_clips=2, num_crops=3))
    views = list(reader)
    assert [(view.clip, view.crop) for view in views] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    [centre, _] = ViewReader(open_source(path), i3d_plan(num_frames=16, num_clips=2))
    assert np.array_equal(views[1].frames, centre.frames)
    assert not np.array_equal(views[0].frames, centre.frames)


def test_windows_cover_the_video(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 100)
    plan = i3d_plan(num_frames=40, placement="cover", num_clips=None)
    assert [view.start_s for view in ViewReader(open_source(path), plan)] == [0, 30 / 25, 60 / 25]


def test_a_hop_slides_a_window_to_the_end(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 100)
    views = list(ViewReader(open_source(path), i3d_plan(num_frames=40, placement="hop", num_clips=None, hop=25)))
    assert [view.start_s for view in views] == [0, 1, 2, 60 / 25]
    assert [view.clip for view in views] == [0, 1, 2, 3]
    for view, start in zip(views, (0, 25, 50, 60), strict=True):
        assert seen(view.frames) == low(list(range(start, start + 40)))


def test_a_hop_over_less_than_a_window(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 30)
    [view] = ViewReader(open_source(path), i3d_plan(num_frames=40, placement="hop", num_clips=None, hop=8))
    assert seen(view.frames) == low([sample % 30 for sample in range(40)])


@pytest.mark.parametrize(("num_frames", "length"), [(50, 50), (9, 9), (4, 9)])
def test_a_whole_video_is_one_clip(num_frames: int, length: int, tmp_path: Path) -> None:
    reader = ViewReader(
        open_source(write_numbered(tmp_path / "video.mp4", num_frames)),
        i3d_plan(num_frames=None, placement="whole", min_frames=9),
    )
    [view] = reader
    assert seen(view.frames) == low([number % num_frames for number in range(length)])
    assert bool(reader.warnings) == (num_frames < 9)


def test_a_video_that_is_too_long_to_be_shown_whole(tmp_path: Path) -> None:
    source = open_source(write_numbered(tmp_path / "video.mp4", 520))
    with pytest.raises(VideoDecodeError) as caught:
        ViewReader(source, i3d_plan(num_frames=None, placement="whole", min_frames=9))
    assert str(caught.value) == (
        f"video '{tmp_path / 'video.mp4'}' is too long to be shown whole: 520 samples; at most 512\n\n"
        "hint: use sliding windows"
    )


def test_views_are_handed_on_while_the_video_is_decoded(tmp_path: Path) -> None:
    """What a long video takes in memory is one clip's frames: earlier ones are dropped, later ones not yet read."""
    source = open_source(write_numbered(tmp_path / "video.mp4", 200))
    num_read = 0
    frames = source.frames

    def counting(wanted):
        nonlocal num_read
        for item in frames(wanted):
            num_read += 1
            yield item

    source.frames = counting
    views = iter(ViewReader(source, i3d_plan(num_frames=20, placement="cover", num_clips=None)))
    for number in range(1, 11):
        next(views)
        assert num_read == 20 * number
        assert len(views.gi_frame.f_locals["kept"]) == 20
