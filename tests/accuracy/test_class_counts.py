import numpy as np

from i3d_edge.accuracy.result.class_counts import class_counts, confusion_pairs, mean_class_top1
from i3d_edge.accuracy.result.metrics import ScoredView, VideoOutcome, video_outcome


def video(label: int, best: int) -> VideoOutcome:
    """A video of seven classes; behind the best one the others come in order of their index."""
    others = [index for index in range(7) if index != best]
    probabilities = np.zeros(7)
    probabilities[[best, *others]] = [0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02]
    return video_outcome([ScoredView("v", label, probabilities)])


# label 0: 3 of 4 right, one taken for 2; label 1: never right, taken for 2; label 6: taken for 0, and it is last, so
# not among the best five; class 2 is nobody's label.
VIDEOS = [video(0, 0), video(0, 0), video(0, 0), video(0, 2), video(1, 2), video(1, 2), video(6, 0)]


def test_counts_by_hand() -> None:
    rows = [tuple(count.values()) for count in class_counts(VIDEOS)]
    assert rows == [
        # label, videos, top-1, top-5, predicted
        (0, 4, 3, 4, 4),
        (1, 2, 0, 2, 0),
        (2, 0, 0, 0, 3),
        (6, 1, 0, 0, 0),
    ]


def test_mean_class_accuracy_counts_each_class_once() -> None:
    """Top-1 is 3/7; the three classes that have videos have 3/4, 0 and 0."""
    assert mean_class_top1(class_counts(VIDEOS)) == 0.25


def test_confusions_most_frequent_first() -> None:
    assert [tuple(pair.values()) for pair in confusion_pairs(VIDEOS)] == [(1, 2, 2), (0, 2, 1), (6, 0, 1)]
    assert [tuple(pair.values()) for pair in confusion_pairs(VIDEOS, limit=1)] == [(1, 2, 2)]


def test_order_changes_nothing() -> None:
    backwards = VIDEOS[::-1]
    assert class_counts(backwards) == class_counts(VIDEOS)
    assert confusion_pairs(backwards) == confusion_pairs(VIDEOS)
