"""Does a model that says 80 % have it right 80 times of 100?"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.schema import CalibrationBin

NUM_BINS = 10


def calibration_bins(videos: Sequence[VideoOutcome], num_bins: int = NUM_BINS) -> list[CalibrationBin]:
    """Sort videos by their largest probability into bins (0, 0.1], (0.1, 0.2] ... (0.9, 1].

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017, section 2. They take 15 bins; with 10, 400
    videos leave 40 to a bin on average.
    """
    edges = [(number + 1) / num_bins for number in range(num_bins)]
    members: list[list[VideoOutcome]] = [[] for _ in edges]
    for video in videos:
        members[min(bisect_left(edges, video.confidence), num_bins - 1)].append(video)  # rounding may end above 1
    return [
        CalibrationBin(
            low=number / num_bins,
            high=edges[number],
            num_videos=len(group),
            num_correct=sum(video.rank == 0 for video in group),
            mean_confidence=math.fsum(video.confidence for video in group) / len(group) if group else None,
        )
        for number, group in enumerate(members)
    ]


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Return the expected calibration error: |accuracy - mean confidence| of the bins, weighted by their videos.

    Example:
        1 of 2 right at 0.9, and 2 of 2 at 0.6 -> (2 * 0.4 + 2 * 0.4) / 4 = 0.4.

    Source: Guo et al., equation 3.
    """
    total = sum(item["num_videos"] for item in bins)
    gaps = [
        abs(item["num_correct"] - item["num_videos"] * item["mean_confidence"])
        for item in bins
        if item["mean_confidence"] is not None
    ]
    return math.fsum(gaps) / total
