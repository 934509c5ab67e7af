"""Each protocol, counted by hand, and Open Model Zoo's against a direct computation of it."""

import dataclasses
import math
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from i3d_edge.accuracy import ListedVideo, Scorer, score_videos
from i3d_edge.accuracy.report.text import protocol_line
from i3d_edge.accuracy.run.protocol import PRESETS, Preset, find_preset, spread
from i3d_edge.core.errors import ProtocolError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip

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
        ("mmaction2-1x1", 300, [118], 32, 1),
        ("gluoncv-10x3", 300, [11, 35, 59, 82, 106, 130, 154, 177, 201, 225], 32, 30),
        ("gluoncv-10x3", 91, [1, 4, 7, 9, 12, 15, 18, 20, 23, 26], 32, 30),
        ("gluoncv-10x3@1", 91, [1, 4, 7, 9, 12, 15, 18, 21, 23, 26], 32, 30),
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
    native = {"omz-2022", "omz-2022-399", "mmaction2-10x3", "mmaction2-1x1", "gluoncv-10x3"}
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
        "interpolation": "bilinear, twice, rounded once",
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
            "rounded once), centre crop 224, mean of probabilities, the last video by name not counted",
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
    ]:
        with subtests.test(name=name):
            preset = find_preset(name)
            assert protocol_line(preset.describe(taken_by(preset))) == line


def test_centre_is_the_models_own_clip() -> None:
    own = dataclasses.replace(SPEC, num_frames=16, frame_rate_fps=15, short_side_px=240)
    how = find_preset("centre").describe(own)
    assert (how["num_frames"], how["frame_rate_fps"], how["short_side_px"]) == (16, 15, 240)
    assert (spread(1).name, spread(3).name, spread(3).plan(own).num_clips) == ("centre", "spread-3", 3)


def test_unknown_names() -> None:
    with pytest.raises(ProtocolError) as caught:
        find_preset("omz2022")
    assert str(caught.value) == (
        "No protocol 'omz2022'. Available: centre, sliding-79, 10x3, deepmind, omz-2022, omz-2022-399, mmaction2-10x3, "
        "mmaction2-1x1, gluoncv-10x3.\n\nhint: did you mean 'omz-2022' or 'omz-2022-399'?"
    )
    assert caught.value.exit_code == 2


def test_unknown_versions() -> None:
    for name in ("omz-2022@3", "omz-2022@", "omz-2022@x"):
        with pytest.raises(ProtocolError, match=r"Protocol 'omz-2022' has no .* Available: omz-2022@1, omz-2022@2\.$"):
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
            "hint: protocols for crops of 256 x 256 px: centre, mmaction2-10x3",
        ),
    ]:
        with pytest.raises(ProtocolError) as caught:
            find_preset(name).plan(spec)
        assert str(caught.value) == message


# --- omz-2022, written down a second time, as its checker does it -----------------------------------------------


def omz_views(folder: Path, num_clips: int, length: int) -> list[np.ndarray]:
    """Frames of each clip, shape (D, 224, 224, 3), by the steps of the checker, one after the other."""
    files = sorted(folder.glob("*.jpg"))
    step = max(1, (len(files) - length) // (num_clips - 1))
    clips = []
    for start in range(1, 1 + num_clips * step, step):
        indices = list(range(start, min(start + length, len(files) + 1)))
        if not indices:
            return []
        while len(indices) < length:
            indices = (indices * 2)[:length]
        clips.append(np.stack([omz_frame(files[index - 1]) for index in indices]))
    return clips


def omz_frame(path: Path) -> np.ndarray:
    frame = cv2.imread(str(path))[..., ::-1]
    height, width = frame.shape[:2]
    scale = min(256 / height, 256 / width)
    frame = cv2.resize(frame, (int(scale * width), int(scale * height)))
    height, width = frame.shape[:2]
    if width < 224 or height < 224:
        size = np.array([width, height])
        if size[0] < 224:
            size = size * 224 / size[0]
        if size[1] < 224:
            size = size * 224 / size[1]
        frame = cv2.resize(frame.astype(np.float32), tuple(int(side) for side in np.ceil(size)))
    top, left = (frame.shape[0] - 224) // 2, (frame.shape[1] - 224) // 2
    return np.rint(frame[top : top + 224, left : left + 224]).astype(np.uint8)


def model(frames: np.ndarray) -> np.ndarray:
    """Six classes from some pixels, so different for every clip."""
    values = frames[::7, ::40, ::40].astype(np.float64).mean(axis=(0, 1))
    logits = np.concatenate([np.cos(values.mean(axis=0)), np.sin(values.std(axis=0))])
    return np.exp(logits) / np.exp(logits).sum()


@pytest.mark.parametrize("name", ["omz-2022", "omz-2022-399"])
def test_figures_of_open_model_zoo_equal_a_direct_computation(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shapes = [(256, 454), (256, 340), (340, 256), (256, 256)]
    videos = []
    for number, num_frames in enumerate((100, 80, 79, 50, 2, 90, 120)):
        folder = tmp_path / f"v{number}"
        folder.mkdir()
        height, width = shapes[number % 4]
        base = cv2.resize(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8), (width, height))
        for frame in range(num_frames):
            cv2.imwrite(str(folder / f"image_{frame + 1:05d}.jpg"), np.roll(base, 5 * frame, axis=1))
        videos.append(ListedVideo(f"v{number}", folder, "abcdef"[number % 6], frames_fps=Fraction(30)))

    clip_hits, video_hits = [], []
    for video in videos:
        label = LABELS.index(video.label)
        probabilities = [model(frames) for frames in omz_views(video.file, 3, 79)]
        clip_hits += [int(values.argmax() == label) for values in probabilities]
        if probabilities:
            video_hits.append(int(np.mean(probabilities, axis=0).argmax() == label))
    assert 0 < sum(clip_hits) < len(clip_hits) == 18  # the video of two frames is left out
    if name.endswith("399"):
        video_hits.pop()

    info = {"kind": "ir", "path": "m", "sha256": "0", "executed_precision": "f32"}
    scorer = Scorer(info, lambda clip: model(clip.frames))
    result = score_videos(
        videos[::-1], {"ir": scorer}, SPEC, tmp_path / "out", list_path=tmp_path / "l", preset=find_preset(name)
    )
    assert [item["reason"] for item in result["counts"]["dropped"]] == [
        f"VideoDecodeError: video '{tmp_path / 'v4'}' has 2 frames; the protocol leaves out those of fewer than 3"
    ]
    metrics = result["metrics"]["ir"]
    assert (metrics["clip_top1"]["num_correct"], metrics["clip_top1"]["num_total"]) == (sum(clip_hits), 18)
    assert (metrics["video_top1"]["num_correct"], metrics["video_top1"]["num_total"]) == (
        sum(video_hits),
        len(video_hits),
    )


def test_pixels_of_open_model_zoo_equal_a_direct_computation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for frame in range(30):
        picture = cv2.resize(rng.integers(0, 256, (32, 57, 3), dtype=np.uint8), (454, 256))
        cv2.imwrite(str(tmp_path / f"image_{frame + 1:05d}.jpg"), picture)
    seen: list[Clip] = []

    def watching(clip: Clip) -> np.ndarray:
        seen.append(clip)
        return np.ones(6) / 6

    info = {"kind": "ir", "path": "m", "sha256": "0", "executed_precision": "f32"}
    video = ListedVideo("v", tmp_path, "a", frames_fps=Fraction(25))
    score_videos(
        [video],
        {"ir": Scorer(info, watching)},
        SPEC,
        tmp_path / "out",
        list_path=Path("l"),
        preset=find_preset("omz-2022"),
    )
    expected = omz_views(tmp_path, 3, 79)
    assert len(seen) == len(expected) == 3
    for clip, frames in zip(seen, expected, strict=True):
        assert np.array_equal(clip.frames, frames)
    assert math.isclose(seen[1].start_s, 1 / 25)
