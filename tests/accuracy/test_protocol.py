"""Each protocol, counted by hand."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.report.text import protocol_line
from i3d_edge.accuracy.run.protocol import PRESETS, Preset, find_preset, spread
from i3d_edge.accuracy.run.runner import Scorer, score_videos
from i3d_edge.core.errors import ProtocolError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip, ViewPlan

LABELS = LabelSet("six", tuple("abcdef"))
SPEC = i3d_spec(labels=LABELS, layout="NDCHW", input_type="u8", has_preprocessing=True)


def taken_by(preset: Preset) -> ModelSpec:
    """What a model takes that a protocol can be shown to."""
    views = preset.views
    return dataclasses.replace(SPEC, num_frames=views.num_frames or 79, crop_px=views.crop_px)


def test_what_each_shows(subtests: pytest.Subtests) -> None:
    for name, num_samples, starts, length, num_views in [
        ("centre", 250, [85], 79, 1),
        ("sliding-79", 250, [0, 57, 114, 171], 79, 4),
        ("sliding-79", 60, [0], 79, 1),
        ("10x3", 250, [0, 19, 38, 57, 76, 95, 114, 133, 152, 171], 79, 30),
        ("deepmind", 250, [0], 250, 1),
        ("omz-2022", 300, [0, 110, 220], 79, 3),  # (300 - 79) // 2 = 110: the last frame is 298
        ("omz-2022-399", 79, [0, 1, 2], 79, 3),
        ("mmaction2-10x3", 300, [0, 26, 53, 79, 105, 132, 158, 184, 211, 237], 32, 30),  # 237 + 62 = 299
        ("mmaction2-10x3@1", 300, [0, 26, 52, 79, 105, 131, 157, 184, 210, 236], 32, 30),
        ("mmaction2-dense-10x3", 300, [0, 26, 52, 78, 104, 131, 157, 183, 209, 236], 32, 30),  # (300 - 64) / 9 = 26.2
        ("mmaction2-1x1", 300, [118], 32, 1),
        ("gluoncv-10x3", 300, [11, 35, 59, 82, 106, 130, 154, 177, 201, 225], 32, 30),
        ("gluoncv-10x3", 91, [1, 4, 7, 9, 12, 15, 18, 20, 23, 26], 32, 30),
        ("gluoncv-10x3@1", 91, [1, 4, 7, 9, 12, 15, 18, 21, 23, 26], 32, 30),
        ("gluoncv-torch-10x3", 300, [0, 26, 52, 78, 104, 130, 156, 182, 208, 236], 32, 30),  # of 150: (150 - 32) / 9
        ("spread-3@1", 250, [0, 86, 171], 79, 3),
    ]:
        with subtests.test(name=name, num_samples=num_samples):
            preset = find_preset(name)
            plan = preset.plan(taken_by(preset))
            clips = plan.clips(num_samples)
            assert [clip[0] for clip in clips] == starts
            assert {len(clip) for clip in clips} == {length}
            assert len(clips) * plan.num_crops == num_views
            step = 2 if name.startswith(("mmaction2", "gluoncv")) else 1
            assert clips[0][:3] == ([starts[0] + step * n for n in range(3)] if num_samples > 79 else [0, 1, 2])


def test_the_clock_of_each() -> None:
    native = {name for name in PRESETS if name.startswith(("omz", "mmaction2", "gluoncv"))}
    assert {name for name, preset in PRESETS.items() if preset.views.rate_fps is None} == native
    assert {preset.views.rate_fps for name, preset in PRESETS.items() if name not in native} == {25}


def test_each_states_everything() -> None:
    how = find_preset("omz-2022-399").describe(SPEC)
    assert how == {
        "name": "omz-2022-399",
        "version": 2,
        "num_frames": 79,
        "frame_stride": 1,
        "frame_rate_fps": None,
        "placement": "omz",
        "num_clips": 3,
        "num_crops": 1,
        "short_side_px": None,
        "long_side_px": 256,
        "crop_px": 224,
        "interpolation": "bilinear, twice, not rounded",
        "aggregation": "mean of probabilities",
        "drops_last_video": "by name",
    }


def test_each_in_one_line(subtests: pytest.Subtests) -> None:
    for name, line in [
        (
            "centre",
            "centre v2: 1 clip of 79 frames at 25 fps per video, short_side=256 (bilinear; area below one half), "
            "centre crop 224, mean of probabilities",
        ),
        (
            "deepmind",
            "deepmind v2: 1 clip of the whole video at 25 fps per video, short_side=256 (bilinear; area below one "
            "half), centre crop 224, mean of logits over time, inside the network",
        ),
        (
            "omz-2022-399",
            "omz-2022-399 v2: 3 clips of 79 frames at the source's rate per video, long_side=256 (bilinear, twice, "
            "not rounded), centre crop 224, mean of probabilities, the last video by name not counted",
        ),
        (
            "omz-2022-399@1",
            "omz-2022-399 v1: 3 clips of 79 frames at the source's rate per video, long_side=256 (bilinear, twice), "
            "centre crop 224, mean of probabilities, the last video not counted",
        ),
        (
            "mmaction2-10x3",
            "mmaction2-10x3 v3: 10 clips of 32 frames, 2 apart, at the source's rate per video, short_side=256 "
            "(bilinear), 3 crops of 256, mean of probabilities",
        ),
        (
            "mmaction2-10x3@2",
            "mmaction2-10x3 v2: 10 clips of 32 frames, 2 apart, at the source's rate per video, short_side=256 "
            "(bilinear; area below one half), 3 crops of 224, mean of probabilities",
        ),
        (
            "gluoncv-torch-10x3",
            "gluoncv-torch-10x3 v1: 10 clips of 32 frames, 2 apart, at the source's rate per video, squeezed to "
            "256x340 (bilinear, by FFmpeg), 3 crops of 256, mean of logits",
        ),
    ]:
        with subtests.test(name=name):
            preset = find_preset(name)
            assert protocol_line(preset.describe(taken_by(preset))) == line


def test_centre_is_the_models_own_clip() -> None:
    own = dataclasses.replace(SPEC, num_frames=16, frame_rate_fps=15, short_side_px=240)
    how = find_preset("centre").describe(own)
    assert (how["num_frames"], how["frame_rate_fps"], how["short_side_px"]) == (16, 15, 240)
    assert (spread(1).name, spread(3).name, spread(3).plan(own).num_clips) == ("centre", "spread-3", 3)


def test_a_model_of_squeezed_frames_is_shown_the_middle_crop() -> None:
    spec = dataclasses.replace(SPEC, num_frames=32, short_side_px=None, squeezed_px=(256, 340), crop_px=(256, 256))
    plan, theirs = ViewPlan.of_spec(spec), find_preset("gluoncv-torch-10x3").plan(spec)
    same = ("fit", "fit_px", "crop_px", "interpolation")
    assert [getattr(plan, name) for name in same] == [getattr(theirs, name) for name in same]
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    _, middle, _ = theirs.crops(theirs.fitted(frame))
    [crop] = plan.crops(plan.fitted(frame))
    assert np.array_equal(crop, middle)


def test_unknown_names() -> None:
    with pytest.raises(ProtocolError) as caught:
        find_preset("omz2022")
    assert str(caught.value) == (
        "no protocol 'omz2022'; available: centre, sliding-79, 10x3, deepmind, omz-2022, omz-2022-399, mmaction2-10x3, "
        "mmaction2-dense-10x3, mmaction2-1x1, gluoncv-10x3, gluoncv-torch-10x3\n\n"
        "hint: did you mean 'omz-2022' or 'omz-2022-399'?"
    )
    assert caught.value.exit_code == 2


def test_unknown_versions() -> None:
    for name in ("omz-2022@3", "omz-2022@", "omz-2022@x"):
        with pytest.raises(ProtocolError, match=r"protocol 'omz-2022' has no .*; available: omz-2022@1, omz-2022@2$"):
            find_preset(name)


def test_the_newest_version_has_two_names_and_earlier_ones_show_other_things() -> None:
    for name, preset in PRESETS.items():
        assert find_preset(f"{name}@{preset.version}") is preset
        for version in range(1, preset.version):
            earlier = find_preset(f"{name}@{version}")
            assert (earlier.name, earlier.version) == (name, version)
            assert earlier.plan(taken_by(earlier)) != preset.plan(taken_by(preset))


def test_a_model_of_other_clips() -> None:
    for name, spec, message in [
        (
            "gluoncv-10x3",
            SPEC,
            "protocol 'gluoncv-10x3' shows clips of 32 frames; the model takes 79\n\n"
            "hint: `i3d convert --num-frames 32` makes such an IR of the same frozen graph",
        ),
        (
            "mmaction2-10x3",
            SPEC,
            "protocol 'mmaction2-10x3' shows crops of 256 x 256 px; the model takes 224 x 224\n\n"
            "hint: protocols for crops of 224 x 224 px: centre, sliding-79, 10x3, deepmind, omz-2022, omz-2022-399, "
            "mmaction2-1x1, gluoncv-10x3",
        ),
        (
            "10x3",
            dataclasses.replace(SPEC, crop_px=(256, 256)),
            "protocol '10x3' shows crops of 224 x 224 px; the model takes 256 x 256\n\n"
            "hint: protocols for crops of 256 x 256 px: centre, mmaction2-10x3, mmaction2-dense-10x3, "
            "gluoncv-torch-10x3",
        ),
    ]:
        with pytest.raises(ProtocolError) as caught:
            find_preset(name).plan(spec)
        assert str(caught.value) == message


def test_figures_of_open_model_zoo(subtests: pytest.Subtests, tmp_path: Path) -> None:
    """Per clip and per video, with and without the video that is last by name, or last in the list."""
    right = {"d": [0.9, 0.9, 0.9], "b": [0.6, 0.6, 0.1], "a": [0.9, 0.4, 0.4], "c": [0.9, 0.9, 0.9], "two": [0.9, 0.9]}
    videos = []
    for number, (name, answers) in enumerate(right.items()):
        (tmp_path / name).mkdir()
        for frame in range(len(answers)):  # of three frames each begins a clip
            cv2.imwrite(str(tmp_path / name / f"{frame}.png"), np.full((24, 32, 3), 40 * number, np.uint8))
        videos.append(ListedVideo(name, tmp_path / name, "a", frames_fps=Fraction(25)))

    def answer(clip: Clip) -> np.ndarray:
        probability = list(right.values())[int(clip.frames.mean()) // 40][clip.clip]
        return np.array([probability, 1 - probability, 0, 0, 0, 0])

    scorer = Scorer({"kind": "ir", "path": "m", "sha256": "0", "executed_precision": "f32"}, answer)
    for name, clips, per_video, dropped in [
        ("omz-2022", (9, 12), (3, 4), ["two"]),
        ("omz-2022-399", (9, 12), (2, 3), ["two"]),  # without "d"
        ("omz-2022@1", (11, 14), (4, 5), []),
        ("omz-2022-399@1", (11, 14), (3, 4), []),  # without "two"
    ]:
        with subtests.test(name):
            folder, preset = tmp_path / "out" / name, find_preset(name)
            result = score_videos(videos, {"ir": scorer}, SPEC, folder, list_path=Path("l"), preset=preset)
            found = result["metrics"]["ir"]
            assert (found["clip_top1"]["num_correct"], found["clip_top1"]["num_total"]) == clips
            assert (found["video_top1"]["num_correct"], found["video_top1"]["num_total"]) == per_video
            assert [(item["path"], item["reason"]) for item in result["counts"]["dropped"]] == [
                (path, f"VideoDecodeError: video '{tmp_path / path}' is too short: 2 of the 3 frames that it needs")
                for path in dropped
            ]
