import itertools

import numpy as np

from accuracy.html.placing import Box, place_labels, text_width

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
