"""How good events are: from segments to metrics with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from i3d_edge.accuracy.events.matching import TIOUS, average_precision, match
from i3d_edge.accuracy.events.segments import Segment, Truth
from i3d_edge.core.arrays import Array, FloatArray
from i3d_edge.core.text import plural, table

SCHEMA_VERSION = 1
_NUM_RESAMPLES = 1000
_NONE = float("nan")


class EventMetric(TypedDict):
    """A figure; None where nothing defines it."""

    value: float | None
    interval_low: float | None  # of the 95 % interval; None of a single video
    interval_high: float | None


@dataclass(frozen=True, slots=True)
class EventScores:
    """What `i3d events score` prints.

    Attributes:
        num_true, num_found: Segments.
        num_matched: Found segments that are right at a tIoU of 0.5.
        num_videos: With ground truth.
        hours: That they last.
        not_annotated: Videos and cameras without ground truth; what was found there is wrong.
        metrics: By name: "precision", "recall" and "f1" at a tIoU of 0.5; "map", the mean of "map@0.50" to
            "map@0.95"; "onset_p50_s" and "onset_p95_s", how long after the true start a matched one starts;
            "false_per_hour".
    """

    num_true: int
    num_found: int
    num_matched: int
    num_videos: int
    hours: float
    not_annotated: tuple[str, ...]
    metrics: Mapping[str, EventMetric]


class _Tables:
    """Segments as arrays, from which metrics are computed however often each video counts."""

    def __init__(self, found: Sequence[Segment], truth: Truth, videos: Sequence[str]) -> None:
        number = {video: place for place, video in enumerate(videos)}
        found = sorted(found, key=lambda segment: -segment.score)
        matched = match(found, truth.segments)
        self.is_right = matched >= 0
        self.video = np.array([number[segment.video] for segment in found], int)
        self.true_video = np.array([number[segment.video] for segment in truth.segments], int)
        self.hours = np.array([truth.durations_s.get(video, 0.0) for video in videos]) / 3600
        places = np.flatnonzero(self.is_right[0])
        self.onset_video = self.video[places]
        self.onset_s = np.array(
            [found[place].start_s - truth.segments[matched[0, place]].start_s for place in places], np.float64
        )
        labels = dict.fromkeys(segment.label for segment in truth.segments)
        self.of_label = [(_which(found, label), _which(truth.segments, label)) for label in labels]

    def metrics(self, weights: FloatArray) -> dict[str, float]:
        """Return all metrics by name; NaN where nothing defines one.

        Args:
            weights: How often each video counts, shape (videos,).
        """
        counts = weights[self.video]
        right, num_found = float(counts @ self.is_right[0]), float(counts.sum())
        num_true, hours = float(weights[self.true_video].sum()), float(weights @ self.hours)
        precisions = [
            average_precision(self.is_right[:, own], counts[own], num_own)
            for own, of_truth in self.of_label
            if (num_own := float(weights[self.true_video[of_truth]].sum()))
        ]
        maps = np.mean(precisions, axis=0) if precisions else np.full(len(TIOUS), _NONE)
        onsets = np.repeat(self.onset_s, weights[self.onset_video].astype(int))
        p50, p95 = np.percentile(onsets, [50, 95]) if len(onsets) else (_NONE, _NONE)
        return {
            "precision": _ratio(right, num_found),
            "recall": _ratio(right, num_true),
            "f1": _ratio(2 * right, num_found + num_true),
            "map": float(maps.mean()),
            **{f"map@{threshold:.2f}": float(value) for threshold, value in zip(TIOUS, maps, strict=True)},
            "onset_p50_s": float(p50),
            "onset_p95_s": float(p95),
            "false_per_hour": _ratio(num_found - right, hours),
        }


def score_segments(found: Sequence[Segment], truth: Truth) -> EventScores:
    """Compare what was found with the truth. Intervals come from drawing videos anew, percentiles of 1,000 draws."""
    strangers = tuple(dict.fromkeys(one.video for one in found if one.video not in truth.durations_s))
    videos = [*truth.durations_s, *strangers]
    tables = _Tables(found, truth, videos)
    values = tables.metrics(np.ones(len(videos)))
    draws = np.random.default_rng(0).integers(len(videos), size=(_NUM_RESAMPLES if len(videos) > 1 else 0, len(videos)))
    drawn = [tables.metrics(np.bincount(draw, minlength=len(videos)).astype(float)) for draw in draws]
    return EventScores(
        num_true=len(truth.segments),
        num_found=len(found),
        num_matched=len(tables.onset_s),
        num_videos=len(truth.durations_s),
        hours=float(tables.hours.sum()),
        not_annotated=strangers,
        metrics={name: _metric(value, [one[name] for one in drawn]) for name, value in values.items()},
    )


def format_event_scores(scores: EventScores) -> str:
    """Return scores as text."""
    shown = {name: metric for name, metric in scores.metrics.items() if "@" not in name or name[4:] in ("0.50", "0.75")}
    rows = [
        (name, _text(one["value"]), _text(one["interval_low"], one["interval_high"])) for name, one in shown.items()
    ]
    counts = (
        f"{scores.num_found} found, {scores.num_true} true, {scores.num_matched} matched at tIoU 0.5; "
        f"{plural(scores.num_videos, 'video')}, {60 * scores.hours:.1f} minutes"
    )
    return f"{table(rows, ('metric', 'value', '95 % interval'))}\n\n{counts}"


def _which(segments: Iterable[Segment], label: str) -> Array:
    return np.array([place for place, segment in enumerate(segments) if segment.label == label], int)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else _NONE


def _metric(value: float, drawn: Sequence[float]) -> EventMetric:
    counted = [one for one in drawn if not np.isnan(one)]
    low, high = np.percentile(counted, [2.5, 97.5]) if counted else (_NONE, _NONE)
    return EventMetric(value=_rounded(value), interval_low=_rounded(low), interval_high=_rounded(high))


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _text(*values: float | None) -> str:
    return "" if None in values else " .. ".join(f"{value:.3f}" for value in values)
