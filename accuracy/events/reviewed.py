"""How often events were right, by what people said of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from i3d_edge.accuracy.result.metrics import proportion
from i3d_edge.accuracy.result.schema import Metric
from i3d_edge.core.errors import RecordError
from i3d_edge.core.text import plural, table
from i3d_edge.runtime.live import Event, read_records
from i3d_edge.runtime.record.reviews import REVIEWS, read_reviews


@dataclass(frozen=True, slots=True)
class ReviewedPart:
    """The reviewed events of a camera and a label; None is all of them."""

    camera: str | None
    label: str | None
    precision: Metric  # of the reviewed ones, those that are right
    wrong_per_hour: float | None


@dataclass(frozen=True, slots=True)
class ReviewScores:
    """What `i3d events score --reviews` prints."""

    hours: float | None  # from the first reviewed event's start to the last one's end; None without wall-clock times
    num_events: int  # that started in these hours, reviewed or not
    verdicts: Mapping[str, int]  # how many reviewed events have each
    parts: tuple[ReviewedPart, ...]  # all, each camera, each label, and each label of a camera


def score_reviews(state: Path) -> ReviewScores:
    """Count right and wrong events in the folder of state of `i3d watch`; one is right unless its last review says no.

    Raises RecordError if a journal cannot be read, or none of its events was reviewed.
    """
    told: dict[str | None, Event] = {}
    for day in sorted((state / "events").glob("*.jsonl")):
        for _, event in read_records(day, is_journal=True):
            if isinstance(event, Event) and event.id:
                told[event.id] = event
    reviews = read_reviews(state / REVIEWS)
    reviewed = {key: event for key, event in told.items() if key in reviews}
    if not reviewed:
        raise RecordError(
            f"no event of the last days in {str(state)!r} was reviewed", hint="review some on the page of `i3d watch`"
        )
    times = sorted(time for event in reviewed.values() for time in (event.start_time, event.end_time) if time)
    hours = (times[-1] - times[0]).total_seconds() / 3600 if times else None
    starts = [event.start_time for event in told.values()]
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for key, event in reviewed.items():
        for group in product(("", event.camera or ""), ("", event.label or "")):
            groups[group].append(reviews[key].verdict == "wrong")
    return ReviewScores(
        hours=hours,
        num_events=sum(not times or start is None or times[0] <= start <= times[-1] for start in starts),
        verdicts=dict(Counter(reviews[key].verdict for key in reviewed)),
        parts=tuple(_part(*group, are_wrong, hours) for group, are_wrong in sorted(groups.items())),
    )


def _part(camera: str, label: str, are_wrong: list[bool], hours: float | None) -> ReviewedPart:
    precision = proportion(are_wrong.count(False), len(are_wrong))
    return ReviewedPart(camera or None, label or None, precision, sum(are_wrong) / hours if hours else None)


def format_review_scores(scores: ReviewScores) -> str:
    """Return scores as text."""
    rows = []
    for part in scores.parts:
        own, rate = part.precision, part.wrong_per_hour
        cells = (own["num_total"], own["num_total"] - own["num_correct"], f"{own['value']:.3f}")
        interval = f"{own['interval_low']:.3f} .. {own['interval_high']:.3f}"
        hourly = "" if rate is None else f"{rate:.3g}"
        rows.append((part.camera or "all", part.label or "all", *cells, interval, hourly))
    headers = ("camera", "label", "reviewed", "wrong", "precision", "95 % interval", "wrong an hour")
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(scores.verdicts.items()))
    span = "" if scores.hours is None else f" in {scores.hours:.3g} hours"
    return f"{table(rows, headers)}\n\nof {plural(scores.num_events, 'event')}{span}: {verdicts}"
