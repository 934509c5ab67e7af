import numpy as np
import pytest

from i3d_edge.accuracy.result.metrics import ScoredView, rank_of, topk_metrics, wilson_interval


def test_wilson_interval() -> None:
    for correct, total, low, high in [
        (15, 20, 0.5313, 0.8881),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (268, 400, 0.6225, 0.7143),
        (1, 1, 0.2065, 1.0),
    ]:
        assert wilson_interval(correct, total) == pytest.approx((low, high), abs=1e-4)


def test_the_ends_of_the_interval_are_as_unlikely_as_stated(subtests: pytest.Subtests) -> None:
    """The defining property: the observed fraction lies 1.96 standard errors from either end."""
    for correct, total in [(3, 17), (250, 400), (399, 400)]:
        with subtests.test(correct=correct, total=total):
            for end in wilson_interval(correct, total):
                if 0 < end < 1:
                    deviation = abs(correct / total - end) / np.sqrt(end * (1 - end) / total)
                    assert deviation == pytest.approx(1.95996, abs=1e-4)


def test_rank() -> None:
    for probabilities, label, rank in [
        ([0.1, 0.7, 0.2], 1, 0),
        ([0.1, 0.7, 0.2], 0, 2),
        ([0.4, 0.4, 0.2], 0, 0),
        ([0.4, 0.4, 0.2], 1, 1),
        ([0.25, 0.25, 0.25, 0.25], 3, 3),
    ]:
        assert rank_of(label, np.array(probabilities)) == rank


def view(video: str, label: int, *probabilities: float) -> ScoredView:
    return ScoredView(video, label, np.array([*probabilities, *[0.0] * (7 - len(probabilities))]))


def counts(views: list[ScoredView]) -> dict[str, tuple[int, int]]:
    return {name: (item.num_correct, item.num_total) for name, item in topk_metrics(views).items()}


def test_clips_and_videos_are_counted_apart() -> None:
    """Three clips of one video: two are wrong, and the video's mean is right."""
    views = [view("a", 0, 0.9, 0.1), view("a", 0, 0.4, 0.6), view("a", 0, 0.45, 0.55), view("b", 1, 0.2, 0.8)]
    assert counts(views) == {
        "clip_top1": (2, 4),
        "clip_top5": (4, 4),
        "video_top1": (2, 2),
        "video_top5": (2, 2),
    }


def test_the_last_video_counts() -> None:
    views = [view(name, 0, 1.0) for name in "abc"]
    assert counts(views)["video_top1"] == (3, 3)


def test_clips_of_a_video_need_not_be_neighbours() -> None:
    views = [view("a", 0, 0.9, 0.1), view("b", 0, 0.9, 0.1), view("a", 0, 0.2, 0.8)]
    assert counts(views)["video_top1"] == (2, 2)
    assert counts(views[::-1]) == counts(views)


def test_top5_is_the_fifth_place_and_not_the_sixth() -> None:
    falling = (0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.02)
    assert counts([view("a", 4, *falling)])["clip_top5"] == (1, 1)
    assert counts([view("a", 5, *falling)])["clip_top5"] == (0, 1)
