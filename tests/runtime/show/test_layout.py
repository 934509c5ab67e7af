from itertools import pairwise, product

from i3d_edge.runtime.show.layout import Rectangle, enlargement, font_size, plan

SIZES = [(176, 144), (320, 240), (340, 256), (640, 360), (854, 480), (1280, 720), (1080, 1920), (3840, 2160)]
ODD = [(1, 1), (2, 2000), (641, 481), (853, 480), (99, 4000), (7680, 4320)]


def test_small_pictures_are_enlarged_by_a_whole_number() -> None:
    for size, scale in [
        ((176, 144), 3),
        ((320, 240), 2),
        ((340, 256), 2),
        ((320, 320), 1),
        ((640, 360), 1),
        ((1000, 10), 1),
        ((1, 1), 320),
    ]:
        assert enlargement(*size) == scale


def test_text_grows_with_the_picture() -> None:
    for size, font_px in [
        ((176, 144), 16),
        ((640, 480), 16),
        ((1280, 720), 22),
        ((1080, 1920), 34),
        ((3840, 2160), 68),
    ]:
        assert font_size(*size) == font_px


def test_the_panel_is_below_the_picture() -> None:
    for size, canvas in [
        ((176, 144), (528, 632)),
        ((320, 240), (640, 680)),
        ((640, 360), (640, 560)),
        ((641, 481), (642, 682)),
        ((1280, 720), (1280, 994)),
    ]:
        drawn = plan(*size, 5)
        assert (drawn.width, drawn.height) == canvas
        assert drawn.panel.top >= drawn.picture.bottom


def test_everything_lies_within_and_nothing_overlaps() -> None:
    for case in product([1, 3, 6], SIZES + ODD):
        num_rows, size = case
        drawn = plan(*size, num_rows)
        assert (drawn.width % 2, drawn.height % 2) == (0, 0), case
        assert drawn.picture.left >= 0, case
        assert drawn.picture.right <= drawn.width, case
        assert drawn.picture.bottom <= drawn.height, case
        assert drawn.panel.bottom == drawn.height, case
        assert (drawn.panel.left, drawn.panel.width) == (0, drawn.width), case
        assert len(drawn.rows) == min(num_rows, 5), case
        for box in (*drawn.rows, drawn.strip, drawn.progress, drawn.clock):
            assert box.width > 0, case
            assert box.left >= 0, case
            assert box.right <= drawn.width, case
            assert 0 <= box.top < box.bottom <= drawn.panel.height, case
        stacked = [*drawn.rows, drawn.strip, drawn.progress]
        assert all(above.bottom <= below.top for above, below in pairwise(stacked)), case
        assert drawn.strip.right <= drawn.clock.left, case
        assert drawn.rows[0].height >= 1.4 * drawn.font_px, case


def test_a_box_names_its_rows_and_columns() -> None:
    assert Rectangle(1, 2, 3, 4).slices == (slice(2, 6), slice(1, 4))
