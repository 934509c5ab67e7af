"""From what a model said of videos to everything that a result says of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from i3d_edge.accuracy.data.formats.omz import checker_order
from i3d_edge.accuracy.result.details import describe
from i3d_edge.accuracy.result.metrics import VideoOutcome, count_ranks
from i3d_edge.accuracy.result.recorded_video import RecordedVideo, read_videos
from i3d_edge.accuracy.result.schema import Details, LeftOut, Metric, ScoredVideo


@dataclass(frozen=True, slots=True)
class Scores:
    """One model's scores, as `result.json` holds them."""

    metrics: dict[str, Metric]
    details: Details


def place_left_out(paths: Sequence[str], drops_last_video: LeftOut) -> int:
    """Return which of the labelled videos, by their paths as listed, does not count per video; their number if all do.

    Open Model Zoo's checker counts a video when the next one begins, and so never the last. "by name": the last in
    the checker's own order, whatever order they are listed in. True: the last that is listed.
    """
    if drops_last_video == "by name":
        return max(range(len(paths)), key=lambda place: checker_order(paths[place]), default=0)
    return len(paths) - 1 if drops_last_video else len(paths)


@dataclass
class Tally:
    """The labelled videos of one model, in the order of the list; small, so that a whole data set fits in memory."""

    clip_ranks: list[int] = field(default_factory=list)
    outcomes: list[VideoOutcome] = field(default_factory=list)

    def add(self, video: RecordedVideo) -> None:
        """Count a video if it has a label."""
        if video.label is not None:
            self.clip_ranks += video.clip_ranks
            self.outcomes.append(video.outcome())

    def scores(self, *, drops_last_video: LeftOut = False) -> Scores:
        """Return the scores; one video at least must have been counted.

        What `place_left_out` leaves out of `video_top1` and `video_top5`, absent without another one, stays in details.
        """
        place = place_left_out([outcome.video for outcome in self.outcomes], drops_last_video)
        counted = self.outcomes[:place] + self.outcomes[place + 1 :]
        metrics = count_ranks("clip", self.clip_ranks)
        if counted:
            metrics |= count_ranks("video", [video.rank for video in counted])
        return Scores(metrics, describe(self.outcomes))


def score_predictions(
    path: Path,
    models: Sequence[str],
    aggregation: str,
    listed: Sequence[ScoredVideo] = (),
    *,
    drops_last_video: LeftOut = False,
) -> Mapping[str, Scores]:
    """Score each model of a `predictions.jsonl`, a video at a time; one without a labelled video is absent.

    Raises ResultError as `read_videos`.
    """
    tallies = {name: Tally() for name in models}
    for name, video in read_videos(path, models, aggregation, listed):
        tallies[name].add(video)
    return {name: tally.scores(drops_last_video=drops_last_video) for name, tally in tallies.items() if tally.outcomes}
