"""Events of recorded answers, and how good they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from i3d_edge.core.files import StrPath

if TYPE_CHECKING:
    from i3d_edge.accuracy.events.reviewed import ReviewScores
    from i3d_edge.accuracy.events.scores import EventScores
    from i3d_edge.runtime.live import Event, EventRules


def replay_events(
    predictions: StrPath, rules: EventRules | Callable[[str | None], EventRules] | None = None
) -> Iterator[Event]:
    """Find events again in the answers that `i3d stream --predictions` recorded, without inference.

    Args:
        predictions: The file, of one camera or several.
        rules: When events start and end; or a function of a camera's name that returns its rules.

    Raises:
        RecordError: If the file is damaged or out of order, or has too few classes for the rules.

    Example:
        >>> for event in replay_events("answers.jsonl", EventRules(on=0.7)): print(event.to_json())
    """
    from i3d_edge.runtime.live import EventRules, read_records, replay

    own = rules or EventRules()
    return replay(read_records(Path(predictions)), own if callable(own) else lambda _camera: own)


def score_events(found: StrPath, truth: StrPath, *, subset: str | None = None) -> EventScores:
    """Compare found events with annotated ones: precision, recall, mAP, onset latency, false events per hour.

    Args:
        found: Events as JSON lines, or predictions in ActivityNet's format.
        truth: Ground truth in ActivityNet's format.
        subset: Of the ground truth; all if None.

    Raises:
        RecordError: If a file cannot be read.

    Example:
        >>> score_events("events.jsonl", "truth.json").metrics["f1"]
    """
    from i3d_edge.accuracy.events.scores import score_segments
    from i3d_edge.accuracy.events.segments import read_found, read_truth

    annotated = read_truth(Path(truth), subset)
    return score_segments(read_found(Path(found), annotated), annotated)


def score_reviews(state: StrPath) -> ReviewScores:
    """Count right and wrong events by what people said of them on the page of `i3d watch`, in its folder of state.

    Raises:
        RecordError: If a journal cannot be read, or none of its events was reviewed.
    """
    from i3d_edge.accuracy.events.reviewed import score_reviews

    return score_reviews(Path(state))
