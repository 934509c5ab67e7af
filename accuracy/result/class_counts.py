"""Which classes are recognised, and what they are taken for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.schema import ClassCount, Confusion


def class_counts(videos: Sequence[VideoOutcome]) -> list[ClassCount]:
    """Count per class how many videos have the label, how many of them are right, and how often it is predicted.

    Returns:
        Every class that is a label or a prediction of a video, in order of its index.
    """
    labelled = Counter(video.label for video in videos)
    top1 = Counter(video.label for video in videos if video.rank < 1)
    top5 = Counter(video.label for video in videos if video.rank < 5)
    predicted = Counter(video.best for video in videos)
    return [
        ClassCount(
            label=label,
            num_videos=labelled[label],
            num_top1=top1[label],
            num_top5=top5[label],
            num_predicted=predicted[label],
        )
        for label in sorted(labelled | predicted)
    ]


def mean_class_top1(counts: Sequence[ClassCount]) -> float:
    """Return the mean of the classes' own top-1 accuracies, over the classes that have videos.

    Example:
        3 of 4 right in one class and 0 of 1 in another -> (0.75 + 0) / 2 = 0.375, where top-1 is 0.6.
    """
    own = [count["num_top1"] / count["num_videos"] for count in counts if count["num_videos"]]
    return math.fsum(own) / len(own)


def confusion_pairs(videos: Sequence[VideoOutcome], limit: int = 20) -> list[Confusion]:
    """Return the wrong answers, most frequent first, equally frequent ones by label and answer; `limit` at most."""
    pairs = Counter((video.label, video.best) for video in videos if video.best != video.label)
    order = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [
        Confusion(label=label, predicted=predicted, num_videos=count) for (label, predicted), count in order[:limit]
    ]
