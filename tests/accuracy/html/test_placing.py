import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from i3d_edge.accuracy.report.html.placing import Box, Label, Point, place_labels, text_width

INSIDE = Box(50, 10, 750, 400)


def test_a_lonely_label_stands_beside_its_point() -> None:
    [label] = place_labels(["int8"], [(200, 200)], [], INSIDE)
    assert (label.x, label.y, label.anchor, label.is_far) == (212, 204, "start", False)


def test_at_the_edge_it_stands_on_the_other_side() -> None:
    [label] = place_labels(["int8 by another name"], [(740, 200)], [], INSIDE)
    assert label.anchor == "end"
    assert label.box.right < 740


def test_a_crowd_does_not_overlap() -> None:
    rng = np.random.default_rng(0)
    points = [(float(x), float(y)) for x, y in rng.uniform((300, 150), (330, 180), (12, 2))]
    labels = place_labels([f"model {number}" for number in range(12)], points, [], INSIDE)
    assert sum(one.box.overlap(other.box) for one, other in itertools.combinations(labels, 2)) == 0
    assert any(label.is_far for label in labels)
    for label in labels:
        assert label.box.overlap(INSIDE) > 0.99 * (text_width("model 0") + 4) * 14


def test_what_is_taken_is_kept_free() -> None:
    taken = Box(205, 0, 400, 400)
    [label] = place_labels(["int8"], [(200, 200)], [taken], INSIDE)
    assert label.box.overlap(taken) == 0


def doubtful(labels: Sequence[Label], points: Sequence[Point]) -> list[tuple[int, int]]:
    """Return which label could be taken for which other point's, or is led to across that point."""
    found = []
    for (number, label), (other, point) in itertools.product(enumerate(labels), enumerate(points)):
        own = points[number]
        if point == own:
            continue
        line = np.linspace(own, label.line_end, 200) if label.is_far else np.empty((0, 2))
        passes = any(math.dist(step, point) < min(8.5, 0.9 * math.dist(own, point)) for step in line)
        is_nearer = not label.is_far and label.box.distance(point) < 1.5 * label.box.distance(own)
        if passes or is_nearer:
            found.append((number, other))
    return found


# Seven models, two of which are beside each other twice, as a report once drew them with labels at the wrong points.
CROWD = [(210.0, 243.0), (290.0, 243.0), (269.0, 243.0), (561.0, 203.0), (571.0, 203.0), (228.0, 290.0), (434.0, 243.0)]


@pytest.mark.parametrize("label", ["7", "original (bf16)", "rgb_imagenet (bf16) · centre · a-run"], ids=len)
def test_no_label_stands_at_another_point(label: str) -> None:
    whiskers = [Box(x - 2, y - 50, x + 2, y + 120) for x, y in CROWD]
    labels = place_labels([label] * len(CROWD), CROWD, whiskers, Box(50, 10, 950, 420))
    assert doubtful(labels, CROWD) == []
    assert all(place.is_clear for place in labels)


def test_what_is_clear_is_not_doubtful() -> None:
    rng = np.random.default_rng(1)
    num_clear = 0
    for num_points in (2, 4, 8, 12, 16):
        points = [(float(x), float(y)) for x, y in rng.uniform((60, 20), (740, 390), (num_points, 2))]
        labels = place_labels(["some model"] * num_points, points, [], INSIDE)
        assert not {number for number, _ in doubtful(labels, points) if labels[number].is_clear}
        num_clear += sum(label.is_clear for label in labels)
    assert num_clear > 38  # of 42


def test_models_in_one_place_are_led_to() -> None:
    labels = place_labels(["1", "2"], [(200.0, 200.0), (200.0, 200.0)], [], INSIDE)
    assert labels[0].box.overlap(labels[1].box) == 0
    assert all(label.is_clear for label in labels)


def test_a_label_without_room_says_so() -> None:
    [label] = place_labels(["a name that is longer than the chart is wide" * 3], [(200, 200)], [], INSIDE)
    assert not label.is_clear


def test_a_box_knows_how_far_points_are() -> None:
    box = Box(10, 10, 20, 20)
    assert [box.distance(point) for point in ((15, 15), (23, 24), (15, 5))] == [0, 5, 5]
    assert box.nearest((30, 15)) == (20, 15)
