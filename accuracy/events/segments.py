"""Segments: what happens from when to when, as found or as annotated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

import msgspec

from i3d_edge.core.errors import RecordError
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.schema import Format
from i3d_edge.runtime.live import Event, read_records

Number = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


@dataclass(frozen=True, slots=True)
class Segment:
    """An action in a video or before a camera; of what was found, with a score."""

    video: str
    label: str
    start_s: float
    end_s: float
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What happens in truth: how long each video lasts, and its segments, in the order of the file."""

    durations_s: Mapping[str, float]
    segments: Sequence[Segment]

    def name_of(self, camera: str) -> str:
        """Return what a camera is called here: by its name, or by that of the file which it played."""
        own = (camera, Path(camera).name, Path(camera).stem)
        return next((name for name in own if name in self.durations_s), camera)


class _Annotation(TypedDict):
    label: str
    segment: tuple[Number, Number]  # start and end, in seconds


class _Video(TypedDict):
    duration: Annotated[float, msgspec.Meta(ge=0, le=1e9)]  # in seconds
    annotations: list[_Annotation]
    subset: NotRequired[str]


class _Database(TypedDict):
    database: dict[str, _Video]


class _Found(_Annotation):
    score: Number


class _Results(TypedDict):
    results: dict[str, list[_Found]]


_TRUTH = Format(kind=_Database, noun="ground truth", error=RecordError)
_RESULTS = Format(kind=_Results, noun="predictions", error=RecordError)


def read_truth(path: Path, subset: str | None = None) -> Truth:
    """Read ground truth in ActivityNet's format, of one of its subsets or of all.

    Raises:
        RecordError: If it cannot be read, or has no action of such a subset.
    """
    database = _TRUTH.read(path)["database"]
    videos = {name: video for name, video in database.items() if subset in (None, video.get("subset"))}
    segments = [
        Segment(name, item["label"], *item["segment"])
        for name, video in videos.items()
        for item in video["annotations"]
    ]
    if not segments:
        subsets = sorted({video.get("subset", "none") for video in database.values()})
        raise RecordError(f"ground truth {str(path)!r} has no action of subset {subset!r}; it has {subsets}")
    return Truth({name: video["duration"] for name, video in videos.items()}, segments)


def read_found(path: Path, truth: Truth) -> list[Segment]:
    """Read what was found: lines of events, of which those that ended count, or predictions in ActivityNet's format.

    Raises:
        RecordError: If it cannot be read.
    """
    try:
        document = parse_json(read_bytes(path))
    except OSError as error:
        raise RecordError(f"cannot read events {str(path)!r}: {error.strerror}") from error
    except JSONError:
        document = None
    if isinstance(document, dict) and "results" in document:
        results = _RESULTS.check(document, f"predictions {str(path)!r}")["results"]
        return [
            Segment(name, item["label"], *item["segment"], item["score"])
            for name, items in results.items()
            for item in items
        ]
    return [_segment(event, truth) for event in _ended(path)]


def _ended(path: Path) -> Iterator[Event]:
    for subject, record in read_records(path):
        if not isinstance(record, Event):
            raise RecordError(f"{subject} is an answer, not an event", hint="find events with `i3d events replay`")
        if record.type == "end":
            yield record


def _segment(event: Event, truth: Truth) -> Segment:
    end_s = event.start_s if event.end_s is None else event.end_s
    video = truth.name_of(event.camera or event.source)
    return Segment(video, event.label or "", event.start_s, end_s, event.probability or 0.0)
