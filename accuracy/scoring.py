"""From a model's views to everything that a result says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accuracy.aggregation import MEAN_OF_PROBABILITIES
from accuracy.calibration import calibration_bins, calibration_error
from accuracy.classes import class_counts, confusion_pairs, mean_class_top1
from accuracy.metrics import Proportion, ScoredView, topk_metrics, views_to_videos
from accuracy.result_schema import Details, Metric


@dataclass(frozen=True, slots=True)
class Scores:
    """One model's scores, as `result.json` holds them."""

    metrics: dict[str, Metric]
    details: Details


def score_views(views: Sequence[ScoredView], aggregation: str = MEAN_OF_PROBABILITIES) -> Scores:
    """Compute every score of a model from its views alone.

    Args:
        views: Those of labelled videos, one at least; the views of a video in their order.
        aggregation: How views become a video's probabilities; see `aggregate`.
    """
    videos = views_to_videos(views, aggregation)
    counts = class_counts(videos)
    bins = calibration_bins(videos)
    return Scores(
        metrics={name: _metric(proportion) for name, proportion in topk_metrics(views, aggregation).items()},
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
