import numpy as np
import pytest

from i3d_edge.runtime.fusion import fuse

TWO_VIEWS = np.array([[0.8, 0.2], [0.5, 0.5]], np.float32)


def test_probabilities_by_hand() -> None:
    assert fuse("probabilities", TWO_VIEWS) == pytest.approx([0.65, 0.35])


def test_logits_by_hand() -> None:
    """The views' log-odds are ln 4 and 0; their mean, ln 2, is odds of 2 to 1."""
    assert fuse("logits", TWO_VIEWS) == pytest.approx([2 / 3, 1 / 3])


def test_one_view_is_the_answer_either_way() -> None:
    view = np.random.default_rng(0).dirichlet(np.ones(9))[np.newaxis].astype(np.float32)
    for fusion in ("probabilities", "logits"):
        assert fuse(fusion, view) == pytest.approx(view[0], rel=1e-5)


def test_a_probability_of_0_is_very_small_and_no_accident() -> None:
    views = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], np.float32)
    assert fuse("logits", views) == pytest.approx([0.5, 0.5, 0], abs=1e-9)


def test_any_order_of_views_gives_the_same() -> None:
    views = np.random.default_rng(0).dirichlet(np.ones(5), 7)
    for fusion in ("probabilities", "logits"):
        assert fuse(fusion, views[::-1]) == pytest.approx(fuse(fusion, views))
