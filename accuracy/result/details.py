"""What a model's answers look like beyond the counts: by class, by confusion, and how well it knows its own mind."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.schema import ClassCount, Confusion, Details

_NUM_BINS = 10


def describe(videos: Sequence[VideoOutcome]) -> Details:
    """Return the details of a result for one model; `videos` are labelled, and one at least."""
    counts = class_counts(videos)
    return Details(
        mean_class_top1=mean_class_top1(counts),
        calibration_error=calibration_error(videos),
        classes=counts,
        confusions=confusion_pairs(videos),
    )


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


def calibration_error(videos: Sequence[VideoOutcome]) -> float:
    """Return the expected calibration error of top-1, in [0, 1].

    Videos are sorted by their largest probability into bins (0, 0.1], (0.1, 0.2] ... (0.9, 1]; the error is the mean
    of |accuracy - mean confidence| over the bins, weighted by their videos.

    Example:
        1 of 2 right at 0.9, and 2 of 2 at 0.6 -> (2 * 0.4 + 2 * 0.4) / 4 = 0.4.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017, equation 3. They take 15 bins; with 10, 400 videos
    leave 40 to a bin on average.
    """
    edges = [(number + 1) / _NUM_BINS for number in range(_NUM_BINS)]
    bins: list[list[VideoOutcome]] = [[] for _ in edges]
    for video in videos:
        bins[min(bisect_left(edges, video.confidence), _NUM_BINS - 1)].append(video)  # rounding may end above 1
    gaps = []
    for members in filter(None, bins):
        mean = math.fsum(video.confidence for video in members) / len(members)
        gaps.append(abs(sum(video.rank == 0 for video in members) - len(members) * mean))
    return math.fsum(gaps) / len(videos)
