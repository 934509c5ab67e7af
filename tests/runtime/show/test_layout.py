from fractions import Fraction
from itertools import pairwise

import pytest

from runtime.show.footage import displayed_size
from runtime.show.layout import Box, enlargement, font_size, plan

SIZES = [(176, 144), (320, 240), (340, 256), (640, 360), (854, 480), (1280, 720), (1080, 1920), (3840, 2160)]
ODD = [(1, 1), (2, 2000), (641, 481), (853, 480), (99, 4000), (7680, 4320)]


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((176, 144), 3),
        ((320, 240), 2),
        ((340, 256), 2),
        ((320, 320), 1),
        ((640, 360), 1),
        ((1000, 10), 1),
        ((1, 1), 320),
    ],
)
def test_small_pictures_are_enlarged_by_a_whole_number(size: tuple[int, int], scale: int) -> None:
    assert enlargement(*size) == scale


@pytest.mark.parametrize(
    ("size", "font_px"), [((176, 144), 16), ((640, 480), 16), ((1280, 720), 22), ((1080, 1920), 34), ((3840, 2160), 68)]
)
def test_text_grows_with_the_picture(size: tuple[int, int], font_px: int) -> None:
    assert font_size(*size) == font_px


@pytest.mark.parametrize(
    ("size", "canvas", "is_below"),
    [
        ((176, 144), (528, 632), True),
        ((320, 240), (640, 680), True),
        ((640, 360), (640, 560), True),
        ((854, 480), (854, 480), False),
        ((641, 481), (642, 482), False),
        ((3840, 2160), (3840, 2160), False),
    ],
)
def test_the_panel_is_below_a_picture_with_no_room(
    size: tuple[int, int], canvas: tuple[int, int], is_below: bool
) -> None:
    drawn = plan(*size, 5)
    assert ((drawn.width, drawn.height), drawn.is_below) == (canvas, is_below)
    assert (drawn.panel.top >= drawn.picture.bottom) == is_below


@pytest.mark.parametrize("size", SIZES + ODD, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("num_rows", [1, 3, 6])
def test_everything_lies_within_and_nothing_overlaps(size: tuple[int, int], num_rows: int) -> None:
    drawn = plan(*size, num_rows)
    assert (drawn.width % 2, drawn.height % 2) == (0, 0)
    assert drawn.picture.left >= 0
    assert drawn.picture.right <= drawn.width
    assert drawn.picture.bottom <= drawn.height
    assert drawn.panel.bottom == drawn.height
    assert (drawn.panel.left, drawn.panel.width) == (0, drawn.width)
    assert len(drawn.rows) == min(num_rows, 5)
    for box in (*drawn.rows, drawn.card, drawn.band, drawn.strip, drawn.progress, drawn.clock):
        assert box.width > 0
        assert box.left >= 0
        assert box.right <= drawn.width
        assert 0 <= box.top < box.bottom <= drawn.panel.height
    stacked = [*drawn.rows, drawn.strip, drawn.progress]
    assert all(above.bottom <= below.top for above, below in pairwise(stacked))
    assert drawn.strip.right <= drawn.clock.left
    assert drawn.rows[0].height >= 1.4 * drawn.font_px


@pytest.mark.parametrize("size", [(854, 480), (1280, 720), (1080, 1920), (3840, 2160)], ids=str)
def test_most_of_a_roomy_picture_stays_free(size: tuple[int, int]) -> None:
    drawn = plan(*size, 5)
    covered = drawn.card.width * drawn.card.height + drawn.band.width * drawn.band.height
    assert covered < 0.25 * size[0] * size[1]


def test_a_box_names_its_rows_and_columns() -> None:
    assert Box(1, 2, 3, 4).slices == (slice(2, 6), slice(1, 4))


@pytest.mark.parametrize(
    ("width", "height", "aspect", "shown"),
    [
        (340, 256, "4/3", (453, 256)),
        (720, 576, "8/9", (720, 648)),
        (340, 256, "255/254", (340, 256)),
        (320, 240, "1", (320, 240)),
    ],
)
def test_pixels_that_are_not_square(width: int, height: int, aspect: str, shown: tuple[int, int]) -> None:
    assert displayed_size(width, height, Fraction(aspect)) == shown
