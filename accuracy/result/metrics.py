"""Top-k accuracy per clip and per video, with its uncertainty. Pure functions of probabilities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from i3d_edge.accuracy.result.schema import Metric
from i3d_edge.core.arrays import FloatArray

Z_95 = 1.959963984540054  # the standard normal's 97.5 % quantile: a 95 % interval lies within this many standard errors


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """What became of a labelled video; small, so that a whole data set of them fits in memory."""

    video: str  # path, as listed
    label: int  # class index
    best: int  # class index of the largest probability; of equal ones the lowest
    rank: int  # how many classes come before the label: 0 for a right answer
    confidence: float  # the largest probability

    @classmethod
    def of(cls, video: str, label: int, probabilities: FloatArray) -> Self:
        """Return what became of a video by its probabilities, shape (num_classes,)."""
        best = int(np.argmax(probabilities))
        return cls(video, label, best, rank_of(label, probabilities), float(probabilities[best]))


def proportion(num_correct: int, num_total: int) -> Metric:
    """Return a fraction of trials, of which there is one at least."""
    low, high = wilson_interval(num_correct, num_total)
    value = num_correct / num_total
    return Metric(value=value, num_correct=num_correct, num_total=num_total, interval_low=low, interval_high=high)


def wilson_interval(num_correct: int, num_total: int) -> tuple[float, float]:
    """Return the 95 % score interval for a proportion: (0.5313, 0.8881) for 15 of 20.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209.
    """
    p, z = num_correct / num_total, Z_95
    denominator = 1 + z * z / num_total
    centre = (p + z * z / (2 * num_total)) / denominator
    half = z / denominator * math.sqrt(p * (1 - p) / num_total + z * z / (4 * num_total * num_total))
    return max(0.0, centre - half), min(1.0, centre + half)


def rank_of(label: int, probabilities: FloatArray) -> int:
    """Return how many classes come before a label: 0 for the best. Of equal ones the lower index comes first."""
    own = probabilities[label]
    return int(np.sum(probabilities > own) + np.sum(probabilities[:label] == own))


def count_ranks(level: str, ranks: Sequence[int]) -> dict[str, Metric]:
    """Count top-1 and top-5 at one level, "clip" or "video", under the names `clip_top1` and so on."""
    return {f"{level}_top{k}": proportion(sum(rank < k for rank in ranks), len(ranks)) for k in (1, 5)}
