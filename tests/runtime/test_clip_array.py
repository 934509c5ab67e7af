from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_spec

from i3d_edge.core.errors import ClipShapeError, VideoOpenError
from i3d_edge.runtime.frames.clip_array import ClipArray
from i3d_edge.runtime.views.plan import ViewPlan, ViewReader

SPEC = tiny_spec()
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 24, 24, 3), dtype=np.uint8)
FLOATS = ((PIXELS.astype(np.float32) - 127.5) / 127.5)[np.newaxis]
EXPECTED = "must be pixels, uint8, or floats in [-1, 1], of shape (F, H, W, 3)"


def centre_clip(array: ClipArray) -> np.ndarray:
    [view] = ViewReader(array, ViewPlan.of_spec(SPEC))
    return view.frames


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_clip_as_deepmind_ships_it_is_taken_pixel_by_pixel(dtype: type, tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", FLOATS.astype(dtype))
    array = ClipArray.open(tmp_path / "clip.npy", SPEC)
    assert np.array_equal(centre_clip(array), PIXELS[5:14])
    assert array.warnings == []


def test_pixels_of_the_networks_size_are_taken_as_they_are() -> None:
    assert np.array_equal(centre_clip(ClipArray.of(PIXELS, SPEC)), PIXELS[5:14])


def test_larger_pixels_are_resized_and_cropped() -> None:
    frames = np.zeros((9, 64, 128, 3), np.uint8)
    frames[:, :, 64:] = 255  # the edge stays in the middle
    clip = centre_clip(ClipArray.of(frames, SPEC))
    assert clip.shape == (9, 24, 24, 3)
    assert clip[0, :, :11].max() == 0
    assert clip[0, :, 13:].min() == 255


def test_floats_between_grey_levels_are_rounded_and_it_is_said() -> None:
    array = ClipArray.of(np.full((9, 24, 24, 3), 0.3 / 127.5, np.float32), SPEC)
    assert np.unique(centre_clip(array)).tolist() == [128]
    assert array.warnings == ["floats lie up to 0.20 beside whole grey levels: they are rounded"]


def test_time_is_the_models() -> None:
    timeline = ClipArray.of(PIXELS, SPEC).timeline
    assert (timeline.num_frames, timeline.duration_s, timeline.mean_fps) == (20, 0.8, 25)


def test_another_layout_or_dtype(subtests: pytest.Subtests) -> None:
    for frames, got, hint in [
        (PIXELS.transpose(0, 3, 1, 2), "(20, 3, 24, 24) uint8", "this looks like FCHW: transpose it by (0, 2, 3, 1)"),
        (
            FLOATS[0].transpose(3, 0, 1, 2),
            "(3, 20, 24, 24) float32",
            "this looks like CFHW: transpose it by (1, 2, 3, 0)",
        ),
        (
            FLOATS.transpose(0, 1, 4, 2, 3),
            "(20, 3, 24, 24) float32",
            "this looks like FCHW: transpose it by (0, 2, 3, 1)",
        ),
        (np.stack([PIXELS] * 2), "(2, 20, 24, 24, 3) uint8", "this looks like 2 clips: give one at a time"),
        (PIXELS[0], "(24, 24, 3) uint8", None),
        (PIXELS[..., 0], "(20, 24, 24) uint8", None),
        (PIXELS[:0], "(0, 24, 24, 3) uint8", "it holds no frame"),
        (
            PIXELS.astype(np.int64),
            "(20, 24, 24, 3) int64",
            'these look like pixels, 0..255: save them with .astype("uint8")',
        ),
        (PIXELS.astype(np.int16) - 128, "(20, 24, 24, 3) int16", None),
    ]:
        with subtests.test(got=got):
            with pytest.raises(ClipShapeError) as caught:
                ClipArray.of(frames, SPEC)
            assert caught.value.message == f"frames {EXPECTED}; got {got}"
            assert caught.value.hint == hint


def test_another_range(subtests: pytest.Subtests) -> None:
    for scale, shift, got, hint in [
        (127.5, 127.5, "0 to 255", 'these look like pixels, 0..255: save them with .astype("uint8")'),
        (0.5, 0.5, "0 to 1", 'these look like [0, 1]: make pixels of them with (255 * x).round().astype("uint8")'),
        (2.2, 0.3, "-1.9 to 2.5", "these look normalised by another mean and scale: undo that"),
        (20, 0, "-20 to 20", None),
        (1000, 0, "-1000 to 1000", None),
        (np.nan, 0, "nan to nan", "some are not finite numbers"),
    ]:
        with subtests.test(got=got):
            with pytest.raises(ClipShapeError) as caught:
                ClipArray.of(FLOATS * np.float32(scale) + np.float32(shift), SPEC)
            assert caught.value.message == f"the floats of frames must be in [-1, 1]; got {got}"
            assert caught.value.hint == hint


def test_a_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.npy"
    np.save(path, FLOATS * 127.5 + 127.5)
    with pytest.raises(ClipShapeError, match=r"^the floats of clip '.*clip.npy' must be in \[-1, 1\]; got 0 to 255"):
        ClipArray.open(path, SPEC)


def test_a_file_that_holds_no_array(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for content, reason in [
        (None, "no such file or directory"),
        (b"", "EOF: reading magic string"),
        (b"no array", "the magic string is not correct"),
    ]:
        with subtests.test(reason=reason):
            path = tmp_path / "clip.npy"
            if content is not None:
                path.write_bytes(content)
            with pytest.raises(VideoOpenError) as caught:
                ClipArray.open(path, SPEC)
            assert str(caught.value).startswith(f"cannot read clip '{path}' as a NumPy array: {reason}")


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "clip.npy"
    np.save(path, FLOATS)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(VideoOpenError, match="as a NumPy array: mmap length is greater"):
        ClipArray.open(path, SPEC)
