import numpy as np
import pytest

from i3d_edge.accuracy.result.recorded_video import aggregate
from i3d_edge.core.errors import ResultError

TWO_VIEWS = np.array([[0.8, 0.2], [0.5, 0.5]])


def test_mean_of_probabilities() -> None:
    assert aggregate("mean of probabilities", TWO_VIEWS) == pytest.approx([0.65, 0.35])


def test_mean_of_logits_by_hand() -> None:
    """The views' log-odds are ln 4 and 0; their mean, ln 2, is odds of 2 to 1."""
    assert aggregate("mean of logits", TWO_VIEWS) == pytest.approx([2 / 3, 1 / 3])


def test_an_unknown_name() -> None:
    with pytest.raises(ResultError) as caught:
        aggregate("median", TWO_VIEWS)
    assert str(caught.value) == (
        "unknown aggregation 'median'; available: 'mean of probabilities', 'mean of logits', "
        "'mean of logits over time, inside the network'"
    )


def test_what_the_network_combined_is_left_alone() -> None:
    name = "mean of logits over time, inside the network"
    assert aggregate(name, TWO_VIEWS[:1]).tolist() == [0.8, 0.2]
    with pytest.raises(ResultError) as caught:
        aggregate(name, TWO_VIEWS)
    assert str(caught.value) == "a video has 2 views, but the network combines them into one"
