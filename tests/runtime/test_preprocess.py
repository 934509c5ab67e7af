import numpy as np
import pytest

from i3d_edge.runtime.frames.preprocess import (
    TEN_CROPS,
    centre_crop,
    omz_resize,
    orient,
    resize,
    resized_size,
    ten_crops,
    three_crops,
)

ONE = 1 << 16


def test_short_side_is_exact_and_long_side_rounds_half_up() -> None:
    for height, width, expected in [
        (240, 320, (256, 341)),
        (320, 240, (341, 256)),
        (256, 256, (256, 256)),
        (256, 340, (256, 340)),
        (1080, 1920, (256, 455)),
        (1, 1, (256, 256)),
        (2, 1025, (256, 131200)),
        (512, 1025, (256, 513)),
    ]:
        assert resized_size(height, width, 256) == expected
    assert resized_size(256, 340, 224, floors=True) == (224, 297)  # 297.5
    assert resized_size(320, 240, 224, floors=True) == (298, 224)  # 298.67
    assert resized_size(7, 61, 224, floors=True) == (224, 1951)  # 1952, but for the last bit of 61 / 7


def test_resize_interpolates_linearly() -> None:
    frame = np.zeros((128, 128, 3), np.uint8)
    frame[:, 64:] = 200
    resized = resize(frame, (256, 256))
    assert resized.shape == (256, 256, 3)
    assert resized[0, 126:130, 0].tolist() == [0, 50, 150, 200]


def test_resize_below_half_averages_instead_of_skipping() -> None:
    checkered = np.indices((1024, 1024)).sum(axis=0) % 2 * 255
    frame = np.repeat(checkered[..., np.newaxis], 3, axis=-1).astype(np.uint8)
    resized = resize(frame, (256, 256))
    assert np.ptp(resized) <= 1
    assert abs(float(resized.mean()) - 127.5) <= 1


def test_bilinear_skips_pixels_below_half() -> None:
    frame = np.zeros((1024, 1024, 3), np.uint8)
    frame[::4, ::4] = 160
    assert set(resize(frame, (256, 256), "bilinear").flat) == {0}
    assert set(resize(frame, (256, 256)).flat) == {10}


def test_crop_takes_the_centre_and_leaves_the_odd_pixel_right() -> None:
    frame = np.indices((256, 341))[1][..., np.newaxis].repeat(3, axis=-1) % 256
    cropped = centre_crop(frame.astype(np.uint8), (224, 224))
    assert cropped.shape == (224, 224, 3)
    assert cropped[0, 0, 0] == (341 - 224) // 2


def test_display_matrix(subtests: pytest.Subtests) -> None:
    for case, (matrix, expected) in {
        "upright": ((ONE, 0, 0, 0, ONE, 0), [[1, 2], [3, 4]]),
        "90 clockwise": ((0, ONE, 0, -ONE, 0, 0), [[3, 1], [4, 2]]),
        "180": ((-ONE, 0, 0, 0, -ONE, 0), [[4, 3], [2, 1]]),
        "90 counter-clockwise": ((0, -ONE, 0, ONE, 0, 0), [[2, 4], [1, 3]]),
        "mirrored": ((-ONE, 0, 0, 0, ONE, 0), [[2, 1], [4, 3]]),
        "upside down": ((ONE, 0, 0, 0, -ONE, 0), [[3, 4], [1, 2]]),
        "transposed": ((0, ONE, 0, ONE, 0, 0), [[1, 3], [2, 4]]),
    }.items():
        with subtests.test(case):
            frame = np.array([[1, 2], [3, 4]], np.uint8)[..., np.newaxis]
            turned = orient(frame, np.array([*matrix, 0, 0, 1 << 30], np.int32))
            assert turned[..., 0].tolist() == expected


def test_three_crops_lie_along_the_longer_side(subtests: pytest.Subtests) -> None:
    for height, width, equidistant, corners in [
        (256, 341, False, [(16, 0), (16, 58), (16, 117)]),
        (341, 256, False, [(0, 16), (58, 16), (117, 16)]),
        (256, 256, False, [(16, 0), (16, 16), (16, 32)]),
        (224, 224, False, [(0, 0), (0, 0), (0, 0)]),
        (224, 299, True, [(0, 0), (0, 37), (0, 74)]),
        (299, 224, True, [(0, 0), (37, 0), (74, 0)]),
        (224, 298, True, [(0, 0), (0, 37), (0, 74)]),
    ]:
        with subtests.test(height=height, width=width, equidistant=equidistant):
            rows, columns = np.mgrid[:height, :width]
            frame = np.stack([rows // 2, columns // 2, rows * 0], axis=-1).astype(np.uint8)
            crops = three_crops(frame, (224, 224), equidistant=equidistant)
            assert [crop.shape for crop in crops] == [(224, 224, 3)] * 3
            for crop, (top, left) in zip(crops, corners, strict=True):
                assert np.array_equal(crop, frame[top : top + 224, left : left + 224])
            assert np.array_equal(crops[1], centre_crop(frame, (224, 224)))


def test_ten_crops_are_the_centre_the_corners_and_their_mirror_images() -> None:
    rows, columns = np.mgrid[:6, :9].astype(np.uint8)
    flow = np.stack([rows, columns, rows * 0, columns * 31, rows * 51], axis=-1)  # x from 0 to 248, y from 0 to 255
    for frame in (flow[..., :3], flow):
        crops = dict(zip(TEN_CROPS, ten_crops(frame, (4, 5)), strict=True))
        places = {"centre": (1, 2), "top left": (0, 0), "top right": (0, 4), "bottom left": (2, 0)}
        for name, (top, left) in {**places, "bottom right": (2, 4)}.items():
            assert np.array_equal(crops[name], frame[top : top + 4, left : left + 5]), name
            assert np.array_equal(crops[f"{name}, mirrored"][..., :3], crops[name][:, ::-1, :3]), name
    plain, mirrored = crops["top left"], crops["top left, mirrored"]
    assert mirrored[0, :, 3].tolist() == [130, 161, 192, 223, 254]  # 0, 31, ... 124, the other way round
    assert np.array_equal(mirrored[..., 4], plain[:, ::-1, 4])


def test_the_size_after_the_resize_of_open_model_zoo() -> None:
    for size, expected in [
        ((454, 256), (399, 224)),  # 256 x 144, enlarged by 224 / 144
        ((340, 256), (299, 224)),  # 256 x 192
        ((256, 340), (224, 299)),
        ((320, 240), (299, 224)),
        ((256, 256), (256, 256)),  # nothing to enlarge
        ((640, 640), (256, 256)),
        ((1000, 10), (28672, 224)),  # 256 x 2: a strip is enlarged out of all proportion
    ]:
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        assert omz_resize(frame, 256, (224, 224)).shape == (expected[1], expected[0], 3)


def test_the_resize_of_open_model_zoo_loses_detail() -> None:
    """Stripes of one pixel survive a short side of 256 and not a long side of 256."""
    stripes = np.repeat(np.tile(np.uint8([0, 255]), 227)[np.newaxis, :, np.newaxis], 256, axis=0).repeat(3, axis=2)
    assert resize(stripes, (256, 454)).std() > 120
    assert omz_resize(stripes, 256, (224, 224)).std() < 100


def test_the_second_resize_of_open_model_zoo_keeps_fractions() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], (144, 1, 3))
    exact = np.clip((np.arange(399) + 0.5) * 256 / 399 - 0.5, 0, 255)
    assert np.abs(omz_resize(ramp, 256, (224, 224))[0, :, 0] - exact).max() < 1e-3
    darker = omz_resize(ramp, 256, (224, 224), "bilinear, twice")[0, :, 0] - exact
    assert darker.mean() < -0.05
