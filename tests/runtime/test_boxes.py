import pytest
from plans import i3d_plan

from i3d_edge.runtime.views.boxes import crop_boxes


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
    assert [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in found] == boxes
