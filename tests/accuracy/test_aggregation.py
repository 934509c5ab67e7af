import numpy as np
import pytest

from i3d_edge.accuracy.result.aggregation import aggregate
from i3d_edge.core.errors import ResultError

TWO_VIEWS = np.array([[0.8, 0.2], [0.5, 0.5]])


def test_mean_of_probabilities() -> None:
    assert aggregate("mean of probabilities", TWO_VIEWS) == pytest.approx([0.65, 0.35])


def test_mean_of_logits_by_hand() -> None:
    """The views' log-odds are ln 4 and 0; their mean, ln 2, is odds of 2 to 1."""
    assert aggregate("mean of logits", TWO_VIEWS) == pytest.approx([2 / 3, 1 / 3])


def test_probabilities_do_for_logits() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (3, 7))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert aggregate("mean of logits", probabilities) == pytest.approx(
        aggregate("mean of logits", probabilities, logits)
    )


def test_logits_are_taken_where_a_probability_is_0() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]])
    combined = aggregate("mean of logits", probabilities, np.array([[900.0, 0.0], [0.0, 0.0]]))
    assert combined == pytest.approx([1.0, 0.0])
    with pytest.raises(ResultError) as caught:
        aggregate("mean of logits", probabilities)
    assert str(caught.value) == (
        "the mean of logits must have logits, or probabilities above 0; got a probability of 0\n\n"
        "hint: keep the logits of each view, from an IR that was converted with --logits"
    )


def test_an_unknown_name() -> None:
    with pytest.raises(ResultError) as caught:
        aggregate("median", TWO_VIEWS)
    assert str(caught.value) == (
        "aggregation must be one of 'mean of probabilities', 'mean of logits', "
        "'mean of logits over time, inside the network'; got 'median'"
    )


def test_what_the_network_combined_is_left_alone() -> None:
    name = "mean of logits over time, inside the network"
    assert aggregate(name, TWO_VIEWS[:1]).tolist() == [0.8, 0.2]
    with pytest.raises(ResultError) as caught:
        aggregate(name, TWO_VIEWS)
    assert str(caught.value) == "a video must have one view where the network combines them; got 2"
