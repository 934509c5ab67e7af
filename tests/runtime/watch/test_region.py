import numpy as np
import pytest

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.settings.cameras import RegionConfig
from i3d_edge.runtime.watch.region import GREY, Region

SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
TRIANGLE = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0))


def picture(height: int = 100, width: int = 200) -> UInt8Array:
    """Every pixel says where it is, and none is grey."""
    rows, columns = np.mgrid[:height, :width] % 100
    return np.stack([rows, columns, rows], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("rectangle", "rows", "columns"),
    [
        pytest.param((0, 0, 0.5, 1), (0, 100), (0, 100), id="left half"),
        pytest.param((0.1, 0.2, 0.9, 0.8), (20, 80), (20, 180), id="inside"),
        pytest.param((0.104, 0.204, 0.902, 0.796), (20, 80), (21, 180), id="rounded"),
        pytest.param((0.5, 0.5, 0.51, 0.51), (43, 59), (93, 109), id="widened to 16 px around itself"),
        pytest.param((0, 0, 0.001, 0.001), (0, 16), (0, 16), id="widened at an edge"),
        pytest.param((0.999, 0.999, 1, 1), (84, 100), (184, 200), id="widened at the other edge"),
    ],
)
def test_a_rectangle_is_a_view(
    rectangle: tuple[float, float, float, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    rgb = picture()
    part = Region.of(RegionConfig(rectangle=rectangle))(rgb)
    np.testing.assert_array_equal(part, rgb[slice(*rows), slice(*columns)])
    assert np.shares_memory(part, rgb)


def test_the_whole_picture_is_the_picture() -> None:
    rgb = picture()
    assert Region.of(None)(rgb) is rgb


def test_a_small_picture_is_not_widened_beyond_itself() -> None:
    assert Region.of(RegionConfig(rectangle=(0.5, 0, 0.6, 0.1)))(picture(9, 40)).shape == (9, 16, 3)


def test_outside_a_polygon_is_grey() -> None:
    rgb = picture()
    before = rgb.copy()
    part = Region.of(RegionConfig(polygon=TRIANGLE))(rgb)
    rows, columns = np.mgrid[:50, :100]
    distance = (columns + 0.5) / 100 - (rows + 0.5) / 50  # above the diagonal is inside
    assert part.shape == (50, 100, 3)
    np.testing.assert_array_equal(part[distance > 0.02], rgb[50:, 100:][distance > 0.02])
    assert (part[distance < -0.02] == GREY).all()
    np.testing.assert_array_equal(rgb, before)


def test_inside_masks_is_grey_in_every_region() -> None:
    rgb = picture()
    whole = Region.of(None, [SQUARE, ((0, 0), (0.05, 0), (0, 0.1))])(rgb)
    assert (whole[25:75, 50:150] == GREY).all()
    assert (whole[0, 0] == GREY).all()
    np.testing.assert_array_equal(whole[76:], rgb[76:])
    np.testing.assert_array_equal(whole[:, 151:], rgb[:, 151:])
    left = Region.of(RegionConfig(rectangle=(0, 0, 0.5, 1)), [SQUARE])(rgb)
    np.testing.assert_array_equal(left, Region.of(None, [SQUARE])(rgb)[:, :100])
    polygon = Region.of(RegionConfig(polygon=TRIANGLE), [SQUARE])(rgb)
    assert (polygon[:25, :50] == GREY).all()
    assert (polygon[10, 90] == rgb[60, 190]).all()


def test_a_mask_elsewhere_costs_no_copy() -> None:
    rgb = picture()
    assert np.shares_memory(Region.of(RegionConfig(rectangle=(0, 0, 0.2, 0.2)), [SQUARE])(rgb), rgb)


def test_a_polygon_of_the_whole_picture_paints_nothing() -> None:
    rgb = picture()
    whole = RegionConfig(polygon=((0, 0), (1, 0), (1, 1), (0, 1)))
    assert Region.of(whole)(rgb) is rgb


def test_pictures_may_change_their_size() -> None:
    region = Region.of(None, [SQUARE])
    for height, width in ((100, 200), (48, 64), (100, 200)):
        cut = region(picture(height, width))
        assert cut.shape == (height, width, 3)
        assert (cut[height // 2, width // 2] == GREY).all()
        assert (cut == GREY).all(axis=2).mean() == pytest.approx(0.25, abs=0.03)
