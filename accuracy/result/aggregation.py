"""How the views of a video become the video's probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.core.errors import ResultError
from i3d_edge.runtime.fusion import mean_of_logits, mean_of_probabilities

FloatArray = npt.NDArray[np.floating[Any]]

MEAN_OF_PROBABILITIES = "mean of probabilities"
MEAN_OF_LOGITS = "mean of logits"
INSIDE_THE_NETWORK = "mean of logits over time, inside the network"


def aggregate(name: str, probabilities: FloatArray, logits: FloatArray | None = None) -> FloatArray:
    """Combine the views of one video.

    Args:
        name: As protocols name it: "mean of probabilities", "mean of logits", or "mean of logits over time, inside the
            network", which leaves one view a video and nothing to combine.
        probabilities: Shape (num_views, num_classes).
        logits: The same shape, or None where they were not kept.

    Returns:
        Probabilities, shape (num_classes,).

    Raises:
        ResultError: If no aggregation has that name, logits are wanted and cannot be had, or there are views to combine
            where the network did.

    Example:
        Views [0.8, 0.2] and [0.5, 0.5] -> mean of probabilities [0.65, 0.35]; mean of logits [2/3, 1/3], since
        the mean of ln 4 and 0 is ln 2.
    """
    if name not in _AGGREGATIONS:
        known = ", ".join(repr(known) for known in _AGGREGATIONS)
        raise ResultError(f"aggregation must be one of {known}; got {name!r}")
    return _AGGREGATIONS[name](probabilities, logits)


def _mean_of_probabilities(probabilities: FloatArray, _logits: FloatArray | None) -> FloatArray:
    return mean_of_probabilities(probabilities)


def _mean_of_logits(probabilities: FloatArray, logits: FloatArray | None) -> FloatArray:
    if logits is None:
        if np.any(probabilities <= 0):
            raise ResultError(
                "the mean of logits must have logits, or probabilities above 0; got a probability of 0",
                hint="keep the logits of each view, from an IR that was converted with --logits",
            )
        logits = np.log(probabilities)
    return mean_of_logits(logits)


def _only_view(probabilities: FloatArray, _logits: FloatArray | None) -> FloatArray:
    if len(probabilities) != 1:
        raise ResultError(f"a video must have one view where the network combines them; got {len(probabilities)}")
    return np.asarray(probabilities[0])


_AGGREGATIONS: Mapping[str, Callable[[FloatArray, FloatArray | None], FloatArray]] = {
    MEAN_OF_PROBABILITIES: _mean_of_probabilities,
    MEAN_OF_LOGITS: _mean_of_logits,
    INSIDE_THE_NETWORK: _only_view,
}
