import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from synthetic import read_cropped_number, write_numbered

from i3d_edge.core.errors import ClipShapeError, VideoDecodeError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime.frames.clip_array import ClipArray
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.views.clip import read_clips, require_rgb
from i3d_edge.runtime.views.plan import ViewPlan, ViewReader

SPEC = i3d_spec(labels=kinetics_400())


def seen(clip: np.ndarray) -> list[int]:
    return [read_cropped_number(frame) for frame in clip]


def low(numbers: list[int]) -> list[int]:
    """What is left of frame numbers when the crop has cut off the outer stripes."""
    return [number & 0b1111111100 for number in numbers]


def test_the_centre_clip(tmp_path: Path) -> None:
    clips = read_clips(write_numbered(tmp_path / "video.mp4", 250), SPEC)
    [clip] = clips.clips
    assert clip.frames.shape == (79, 224, 224, 3)
    assert clip.frames.dtype == np.uint8
    assert seen(clip.frames) == low(list(range(85, 164)))
    assert (clip.start_s, clip.end_s) == (85 / 25, 164 / 25)
    assert (clips.timeline.duration_s, clips.timeline.num_frames, clips.warnings) == (10.0, 250, ())


def test_sampling_is_by_time_not_by_frame(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "fast.mp4", 200, time_base=Fraction(1, 50), rate=50)
    [clip] = read_clips(path, SPEC).clips
    assert seen(clip.frames) == low([2 * (10 + sample) for sample in range(79)])


def test_a_short_video_repeats_and_says_so(tmp_path: Path) -> None:
    clips = read_clips(write_numbered(tmp_path / "short.mp4", 30), SPEC)
    assert seen(clips.clips[0].frames) == low([sample % 30 for sample in range(79)])
    assert clips.warnings == ("shorter than a clip (30 of 79 samples): it repeats from its start",)


def test_several_clips_share_their_frames(tmp_path: Path) -> None:
    clips = read_clips(write_numbered(tmp_path / "video.mp4", 100), SPEC, num_clips=3)
    assert [clip.start_s for clip in clips.clips] == [0, 11 / 25, 21 / 25]
    for clip, start in zip(clips.clips, (0, 11, 21), strict=True):
        assert seen(clip.frames) == low(list(range(start, start + 79)))


def test_layouts_show_the_same_pixels_without_a_copy() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (79, 256, 256, 3), dtype=np.uint8)
    [clip] = ViewReader(ClipArray.of(frames, SPEC), ViewPlan.of_spec(SPEC))
    shown = {
        layout: model_inputs(clip, dataclasses.replace(SPEC, layout=layout))["Placeholder"]
        for layout in ("NDCHW", "NDHWC", "NCDHW", "DCHW")
    }
    ndchw = shown["NDCHW"]
    assert ndchw.shape == (1, 79, 3, 224, 224)
    assert ndchw.flags.c_contiguous
    assert np.shares_memory(ndchw, clip.frames)
    assert np.array_equal(shown["NDHWC"][0], clip.frames)
    assert np.array_equal(shown["NCDHW"][0, 2], clip.frames[..., 2])
    assert np.array_equal(shown["DCHW"], ndchw[0])


def test_half_a_stated_duration_is_not_enough_for_less_than_a_clip(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "cut.mp4", 100, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(VideoDecodeError) as caught:
        read_clips(path, SPEC)
    message, _, hint = str(caught.value).partition("\n\n")
    assert message.startswith("only ")
    assert f" s of the 4.00 s of video '{path}' can be read, " in message
    assert hint == "hint: the file is incomplete: copy or download it again"


def test_what_needs_pixels_alone_says_so() -> None:
    require_rgb(SPEC)
    with pytest.raises(ClipShapeError) as caught:
        require_rgb(i3d_spec(labels=kinetics_400(), stream="flow"))
    assert str(caught.value) == ("the model takes flow; this works with RGB models only\n\nhint: give an RGB model")


@pytest.mark.slow
@pytest.mark.shared
def test_seeking_gives_the_same_clips_on_real_files(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    num_compared = 0
    for path in [*sorted((shared / "videos").rglob("*.mp4"))[::6], shared / "robustness/imageio/cockatoo.mp4"]:
        monkeypatch.setattr("i3d_edge.runtime.frames.video._SEEK_AFTER_S", 0.0)
        sought = read_clips(path, SPEC)
        monkeypatch.setattr("i3d_edge.runtime.frames.video._SEEK_AFTER_S", float("inf"))
        decoded = read_clips(path, SPEC)
        assert np.array_equal(sought.clips[0].frames, decoded.clips[0].frames), path
        num_compared += 1
    assert num_compared > 10
