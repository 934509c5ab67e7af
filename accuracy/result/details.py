"""What a model's answers look like beyond the counts: by class, by confusion, and how well it knows its own mind."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.schema import ClassCount, Confusion, Details

_BIN_ENDS = [number / 10 for number in range(1, 11)]


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
    """Count the videos of every class that is a label or a prediction of one, in order of its index."""
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
    """Return the mean of the classes' own top-1 accuracies, over the classes that have videos."""
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
    """Return the expected calibration error of top-1, in [0, 1], over bins (0, 0.1], (0.1, 0.2] ... (0.9, 1].

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017, equation 3, with 10 bins for their 15.
    """
    bins: list[list[VideoOutcome]] = [[] for _ in _BIN_ENDS]
    for video in videos:
        bins[min(bisect_left(_BIN_ENDS, video.confidence), len(bins) - 1)].append(video)  # rounding may end above 1
    gaps = []
    for members in filter(None, bins):
        mean = math.fsum(video.confidence for video in members) / len(members)
        gaps.append(abs(sum(video.rank == 0 for video in members) - len(members) * mean))
    return math.fsum(gaps) / len(videos)
