"""A linear head on features, by multinomial logistic regression, and its answers about what it was not fitted to."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from i3d_edge.core.arrays import Array, FloatArray
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.numbers import LEAST_PROBABILITY, softmax
from i3d_edge.core.progress import track

Flags = npt.NDArray[np.bool_]

L2S = tuple(10.0**power for power in range(1, -6, -1))
"""Strengths to choose from, the strongest first: weights of |w|^2 / 2 beside the mean loss of a clip."""

_MOST_ALONE = 100
_NUM_FOLDS, _NUM_INNER_FOLDS = 10, 5


@dataclass(frozen=True, slots=True)
class Learned:
    """A head that was fitted to all clips, and what is known of heads that are fitted so.

    Attributes:
        weights: Shape (num_classes, C).
        bias: Shape (num_classes,).
        l2: Its strength, one of `L2S`.
        num_folds: As many as there are sources, or 10 if these are more than 100.
        unseen: Probabilities, shape (num_clips, num_classes), by heads that had not seen a clip's source, nor had the
            choice of their strength.
    """

    weights: FloatArray
    bias: FloatArray
    l2: float
    num_folds: int
    unseen: FloatArray


def learn(features: FloatArray, labels: Array, sources: Array) -> Learned:
    """Fit a head, and measure by cross-validation how well such heads know other sources.

    Args:
        features: Shape (num_clips, C).
        labels: Class indices, shape (num_clips,); all classes have two sources or more.
        sources: Their names, shape (num_clips,).

    Raises:
        DependencyError: If scikit-learn is not installed.
    """
    with needed_for("learning"):
        import sklearn.linear_model  # noqa: F401  so that its threads are limited, too
        from threadpoolctl import threadpool_limits
    mean = features.mean(axis=0, dtype=np.float64)
    scale = np.linalg.norm(features - mean, axis=1).mean() or 1.0
    # Turned so that clips differ in as few numbers as there are clips: the same heads, a hundred times faster.
    turned, lengths, axes = np.linalg.svd((features - mean) / scale, full_matrices=False)
    points, num_sources = turned * lengths, len(set(sources))
    unseen = np.zeros((len(labels), labels.max() + 1))
    folds = list(left_out(labels, sources, num_sources if num_sources <= _MOST_ALONE else _NUM_FOLDS))
    with threadpool_limits(1):  # several threads spend longer waiting for each other
        for out in track(folds, total=len(folds), title="cross-validating", unit="fold"):
            probs = _ask(_fit(points[~out], labels[~out], sources[~out])[0], points[out])
            unseen[out, : probs.shape[1]] = probs
        (rows, bias), l2 = _fit(points, labels, sources)
    weights = rows @ axes / scale
    return Learned(weights, bias - weights @ mean, l2, len(folds), unseen)


def left_out(labels: Array, sources: Array, num_folds: int) -> Iterator[Flags]:
    """Yield which clips each fold leaves out: all of some sources, those of one class spread over the folds."""
    order = dict.fromkeys(sources[np.argsort(labels, kind="stable")])
    fold_of = {source: number % num_folds for number, source in enumerate(order)}
    folds = np.array([fold_of[source] for source in sources])
    return (folds == number for number in range(folds.max() + 1))


def _fit(points: FloatArray, labels: Array, sources: Array) -> tuple[tuple[FloatArray, FloatArray], float]:
    """Return weights and bias, and the L2 with which heads are least surprised by the sources that they do not know."""
    losses = np.zeros(len(L2S))
    for out in left_out(labels, sources, _NUM_INNER_FOLDS):
        asked = out & np.isin(labels, labels[~out])
        if len(set(labels[~out])) > 1 and asked.any():
            for number, l2 in enumerate(L2S):
                probs = _ask(_fit_with(l2, points[~out], labels[~out]), points[asked])
                losses[number] -= np.log(probs[np.arange(len(probs)), labels[asked]] + LEAST_PROBABILITY).sum()
    l2 = L2S[int(losses.argmin())]
    return _fit_with(l2, points, labels), l2


def _fit_with(l2: float, points: FloatArray, labels: Array) -> tuple[FloatArray, FloatArray]:
    """Return weights and bias of the classes up to the last that there is; of one that is absent 0 and -infinity."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / (l2 * len(labels)), max_iter=2000).fit(points, labels)
    rows, bias = model.coef_, model.intercept_
    if len(rows) == 1:  # of two classes it keeps one logit, their difference
        rows, bias = np.concatenate([-rows, rows]) / 2, np.concatenate([-bias, bias]) / 2
    weights, biases = np.zeros((labels.max() + 1, points.shape[1])), np.full(labels.max() + 1, -np.inf)
    weights[model.classes_], biases[model.classes_] = rows, bias
    return weights, biases


def _ask(head: tuple[FloatArray, FloatArray], points: FloatArray) -> FloatArray:
    return softmax(points @ head[0].T + head[1])


def least_sure(confidences: FloatArray, are_right: Flags) -> float | None:
    """Return the probability below which answers are better not given: those below are more often wrong than right.

    The answers at and above it have the largest surplus of right ones over wrong ones; it is that of the least sure of
    them. None if no answers have a surplus.

    Example:
        Answers of 0.9 right, 0.6 right, 0.5 wrong, 0.4 right, 0.3 wrong, 0.2 wrong -> 0.4.
    """
    levels = np.unique(confidences)
    surplus = [np.where(are_right[confidences >= level], 1, -1).sum() for level in levels]
    best = int(np.argmax(surplus))
    return float(levels[best]) if surplus[best] > 0 else None
