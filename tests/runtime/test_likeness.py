import numpy as np
import pytest
from answers import answer, view

from i3d_edge.runtime.likeness import embedding, in_order, near_duplicates
from i3d_edge.runtime.prediction import View
from i3d_edge.runtime.show.gallery import Item, arranged
from i3d_edge.runtime.show.thumbnails import Thumbnail


def rows(*directions: tuple[float, float]) -> np.ndarray:
    own = np.float32(directions)
    return own / np.linalg.norm(own, axis=1, keepdims=True)


def test_an_embedding_is_the_mean_of_the_views_with_length_1() -> None:
    probabilities = view(0, 1, 1.0).probabilities
    views = [View(0, 1, probabilities, extras={"embedding": np.float32(own)}) for own in ((6, 0), (0, 8))]
    assert embedding(answer(1, *views)) == pytest.approx([0.6, 0.8])
    nothing = View(0, 1, probabilities, extras={"embedding": np.zeros(2, np.float32)})
    assert embedding(answer(1, nothing)).tolist() == [0, 0]


def test_alike_ones_come_one_after_the_other() -> None:
    order = in_order(rows((1, 0), (0, 1), (1, 0.1), (0.1, 1)))
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(0) - order.index(2)) == abs(order.index(1) - order.index(3)) == 1
    assert in_order(rows((1, 0))) == [0]


def test_the_most_like_each() -> None:
    picture = Thumbnail(0, 1, 1, "")
    items = [Item(name, name, own, picture) for name, own in zip("abc", rows((1, 0), (0, 1), (3, 4)), strict=True)]
    found = {item.name: (other.name, cosine, is_copy) for item, other, cosine, is_copy in arranged(items)}
    assert {name: other for name, (other, _, _) in found.items()} == {"a": "c", "b": "c", "c": "b"}
    assert [found[name][1] for name in "abc"] == pytest.approx([0.6, 0.8, 0.8])
    assert not any(is_copy for _, _, is_copy in found.values())
    assert [is_copy for *_, is_copy in arranged([items[0], items[0]])] == [True, True]


def test_near_duplicates_and_how_near() -> None:
    found = near_duplicates(rows((1, 0), (0, 1), (5, 0.1), (2, 0), (1, 1)))
    assert [pair[:2] for pair in found] == [(0, 3), (0, 2), (2, 3)]
    assert found[0][2] == pytest.approx(1)
    assert near_duplicates(rows((1, 0))) == []
