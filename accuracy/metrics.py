"""Top-k accuracy per clip and per video, with its uncertainty. Pure functions of probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accuracy.aggregation import MEAN_OF_PROBABILITIES, aggregate

FloatArray = npt.NDArray[np.floating[Any]]

Z_95 = 1.959963984540054
"""The standard normal's 97.5 % quantile: a 95 % interval lies within this many standard errors."""

TOP_KS = (1, 5)


@dataclass(frozen=True, slots=True)
class Proportion:
    """A fraction of trials, in [0, 1], with its 95 % Wilson interval.

    Attributes:
        num_correct: Successes.
        num_total: Trials, 1 at least.
    """

    num_correct: int
    num_total: int

    @property
    def value(self) -> float:
        """The fraction itself."""
        return self.num_correct / self.num_total

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the interval."""
        return wilson_interval(self.num_correct, self.num_total)


@dataclass(frozen=True, slots=True)
class ScoredView:
    """One network run on a labelled video: shape of `probabilities`, and of `logits` if kept, (num_classes,)."""

    video: str
    label: int
    probabilities: FloatArray
    logits: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class ScoredVideo:
    """A labelled video with what its views say together: shape of `probabilities` (num_classes,)."""

    video: str
    label: int
    probabilities: FloatArray

    @property
    def best(self) -> int:
        """Class index of the largest probability; of equal ones the lowest."""
        return int(np.argmax(self.probabilities))

    def is_within(self, k: int) -> bool:
        """Tell whether the label is among the best k."""
        return rank_of(self.label, self.probabilities) < k


def wilson_interval(num_correct: int, num_total: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval for a proportion.

    Example:
        15 of 20 -> (0.5313, 0.8881).

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209.
    """
    p = num_correct / num_total
    denominator = 1 + z * z / num_total
    centre = (p + z * z / (2 * num_total)) / denominator
    half = z / denominator * math.sqrt(p * (1 - p) / num_total + z * z / (4 * num_total * num_total))
    return max(0.0, centre - half), min(1.0, centre + half)


def rank_of(label: int, probabilities: FloatArray) -> int:
    """Return how many classes come before a label: 0 for the best. Of equal ones the lower index comes first."""
    own = probabilities[label]
    return int(np.sum(probabilities > own) + np.sum(probabilities[:label] == own))


def top1_drop(labels: npt.NDArray[np.int64], reference: FloatArray, candidate: FloatArray) -> float:
    """Return how much top-1 accuracy falls from one model to another on the same views.

    Args:
        labels: Class index of each view, shape (V,).
        reference: Probabilities of the one, shape (V, num_classes).
        candidate: Of the other.

    Returns:
        In [-1, 1]; negative where the candidate is better.

    Example:
        80 of 100 right before and 78 after -> 0.02.
    """
    correct = [
        [rank_of(label, row) == 0 for label, row in zip(labels, rows, strict=True)] for rows in (reference, candidate)
    ]
    return float(np.mean(correct[0]) - np.mean(correct[1]))


def views_to_videos(views: Sequence[ScoredView], aggregation: str = MEAN_OF_PROBABILITIES) -> list[ScoredVideo]:
    """Combine the views of each video, wherever in the sequence they stand; in order of first appearance."""
    by_video: dict[str, list[ScoredView]] = {}
    for view in views:
        by_video.setdefault(view.video, []).append(view)
    videos = []
    for video, group in by_video.items():
        logits = [view.logits for view in group if view.logits is not None]
        combined = aggregate(
            aggregation,
            np.array([view.probabilities for view in group]),
            np.array(logits) if len(logits) == len(group) else None,
        )
        videos.append(ScoredVideo(video, group[0].label, combined))
    return videos


def topk_metrics(views: Sequence[ScoredView], aggregation: str = MEAN_OF_PROBABILITIES) -> Mapping[str, Proportion]:
    """Count top-1 and top-5, per clip and per video; every video counts, the last one too.

    Args:
        views: One at least.
        aggregation: How views become a video's probabilities; see `aggregate`.

    Returns:
        `clip_top1`, `clip_top5`, `video_top1`, `video_top5`.
    """
    ranks = {
        "clip": [rank_of(view.label, view.probabilities) for view in views],
        "video": [rank_of(video.label, video.probabilities) for video in views_to_videos(views, aggregation)],
    }
    return {
        f"{level}_top{k}": Proportion(sum(rank < k for rank in found), len(found))
        for level, found in ranks.items()
        for k in TOP_KS
    }
