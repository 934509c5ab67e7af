import numpy as np
import pytest
from answers import view
from plans import i3d_plan

from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.show.heat import crop_boxes, heated
from i3d_edge.runtime.show.palette import ON_DARK
from i3d_edge.runtime.views.plan import ViewPlan

AGAINST, FOR = ON_DARK[:2]
GREY = np.full((256, 340, 3), 128, np.uint8)


def seen(*maps: list[list[float]], num_crops: int = 1) -> Explanation:
    views = tuple(view(0, 2, 1.0, crop=crop) for crop in range(len(maps)))
    shown = tuple(np.float32([own]) for own in maps)
    return Explanation("alpha", 0.0, views, shown, 4.0, i3d_plan(num_frames=50, num_crops=num_crops))


def lean(pixel: np.ndarray) -> int:
    """+1 if a pixel is nearer to the colour that speaks for a class, -1 if to the other, 0 if grey."""
    to_for, to_against = (np.abs(pixel.astype(int) - colour).sum() for colour in (FOR, AGAINST))
    return 0 if (pixel == 128).all() else int(np.sign(to_against - to_for))


def test_colours_lie_where_the_map_says() -> None:
    """The crop is columns 58 to 281 and rows 16 to 239; the map's cells are 112 pixels."""
    drawn = heated(GREY, 1, seen([[1, 0], [0, -1]]))
    assert lean(drawn[40, 80]) == 1
    assert lean(drawn[220, 260]) == -1
    assert (drawn[:16] == GREY[:16]).all()
    assert (drawn[:, :58] == GREY[:, :58]).all()
    assert (drawn[:, 282:] == GREY[:, 282:]).all()


def test_a_weaker_place_is_paler() -> None:
    drawn = heated(GREY, 1, seen([[1, 0.25], [0, 0]])).astype(int)
    strong, weak = (np.abs(drawn[40, column] - 128).sum() for column in (80, 260))
    assert 0.15 < weak / strong < 0.35


def test_a_picture_that_no_view_shows_is_left_alone() -> None:
    assert heated(GREY, 3, seen([[1]])) is GREY


def test_crops_that_overlap_are_averaged() -> None:
    """Crops begin at columns 0, 58 and 116: the first two cancel out between 58 and 116."""
    drawn = heated(GREY, 1, seen([[1]], [[-1]], [[0]], num_crops=3))
    assert [lean(drawn[120, column]) for column in (20, 80, 320)] == [1, 0, 0]


def test_a_map_of_nothing() -> None:
    drawn = heated(GREY, 1, seen([[0]]))
    assert (drawn[20:230, 70:270] == 128).all()


@pytest.mark.parametrize(
    ("fields", "size", "boxes"),
    [
        ({}, (256, 340), [(16, 58, 240, 282)]),
        ({}, (512, 680), [(32, 116, 480, 564)]),  # the same, of a picture twice as large
        ({}, (340, 256), [(58, 16, 282, 240)]),
        ({"fit": "squeeze", "fit_px": None}, (100, 900), [(0, 0, 100, 900)]),
        ({"fit": "squeeze", "fit_px": (256, 256)}, (128, 512), [(8, 32, 120, 480)]),
        ({"num_crops": 3}, (256, 340), [(16, left, 240, left + 224) for left in (0, 58, 116)]),
    ],
)
def test_top_left_bottom_and_right(
    fields: dict[str, object], size: tuple[int, int], boxes: list[tuple[int, ...]]
) -> None:
    found = crop_boxes(i3d_plan(num_frames=79, **fields), *size)
    assert [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns, _ in found] == boxes


def test_a_mirrored_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ViewPlan, "crops", lambda _plan, picture: [picture[16:240, 58:282][:, ::-1]])
    crop_boxes.cache_clear()
    drawn = heated(GREY, 1, seen([[1, 0], [0, -1]]))
    crop_boxes.cache_clear()
    assert (lean(drawn[40, 260]), lean(drawn[220, 80])) == (1, -1)
    assert (drawn[:, 282:] == GREY[:, 282:]).all()
