"""From a model's views to everything that a result says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.result.aggregation import MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.calibration import calibration_bins, calibration_error
from i3d_edge.accuracy.result.class_counts import class_counts, confusion_pairs, mean_class_top1
from i3d_edge.accuracy.result.metrics import (
    Proportion,
    ScoredView,
    VideoOutcome,
    count_ranks,
    rank_of,
    views_to_outcomes,
)
from i3d_edge.accuracy.result.schema import Details, Metric


@dataclass(frozen=True, slots=True)
class Scores:
    """One model's scores, as `result.json` holds them."""

    metrics: dict[str, Metric]
    details: Details


def score_views(
    views: Sequence[ScoredView], aggregation: str = MEAN_OF_PROBABILITIES, *, drops_last_video: bool = False
) -> Scores:
    """Compute every score of a model from its views alone.

    Args:
        views: Those of labelled videos, one at least; the views of a video in their order.
        aggregation: How views become a video's probabilities; see `aggregate`.
        drops_last_video: See `make_scores`.
    """
    ranks = [rank_of(view.label, view.probabilities) for view in views]
    return make_scores(ranks, views_to_outcomes(views, aggregation), drops_last_video=drops_last_video)


def make_scores(clip_ranks: Sequence[int], videos: Sequence[VideoOutcome], *, drops_last_video: bool = False) -> Scores:
    """Compute every score of a model from how many classes came before the label, per view, and per video.

    Args:
        clip_ranks: One per view.
        videos: One per video.
        drops_last_video: Leave the last video out of `video_top1` and `video_top5`, as Open Model Zoo's checker
            does; without another one they are absent. It stays in the details.
    """
    counted = videos[:-1] if drops_last_video else videos
    proportions = count_ranks("clip", clip_ranks)
    if counted:
        proportions |= count_ranks("video", [video.rank for video in counted])
    counts = class_counts(videos)
    bins = calibration_bins(videos)
    return Scores(
        metrics={name: _metric(proportion) for name, proportion in proportions.items()},
        details=Details(
            mean_class_top1=mean_class_top1(counts),
            calibration_error=calibration_error(bins),
            calibration=bins,
            classes=counts,
            confusions=confusion_pairs(videos),
        ),
    )


def _metric(proportion: Proportion) -> Metric:
    low, high = proportion.interval
    return Metric(
        value=proportion.value,
        num_correct=proportion.num_correct,
        num_total=proportion.num_total,
        interval_low=low,
        interval_high=high,
    )
