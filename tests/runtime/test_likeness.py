import numpy as np
import pytest

from i3d_edge.runtime.likeness import in_order, near_duplicates, nearest, units

EAST, NORTH = np.float32([2, 0, 0]), np.float32([0, 3, 0])
NEARLY_EAST, NEARLY_NORTH = np.float32([1, 0.1, 0]), np.float32([0.1, 1, 0])


def test_alike_ones_come_one_after_the_other() -> None:
    order = in_order(units([EAST, NORTH, NEARLY_EAST, NEARLY_NORTH]))
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(0) - order.index(2)) == abs(order.index(1) - order.index(3)) == 1


def test_the_nearest_other_one() -> None:
    found, cosines = nearest(units([EAST, NORTH, NEARLY_EAST]))
    assert found == [2, 2, 0]
    assert cosines[0] == pytest.approx(1 / np.sqrt(1.01))


def test_near_duplicates_and_how_near() -> None:
    rows = units([EAST, NORTH, NEARLY_EAST, EAST * 5])
    assert near_duplicates(rows, 0.999) == [(0, 3, pytest.approx(1))]
    assert [pair[:2] for pair in near_duplicates(rows, 0.99)] == [(0, 3), (0, 2), (2, 3)]
    assert near_duplicates(rows[:1]) == []


def test_an_embedding_of_nothing_is_like_no_other() -> None:
    rows = units([EAST, 0 * EAST])
    assert near_duplicates(rows) == []
    assert sorted(in_order(rows)) == [0, 1]
