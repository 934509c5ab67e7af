"""Reviews: what people said of events, appended to a file, of which the last word counts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from i3d_edge.core.errors import RecordError
from i3d_edge.core.files import writing
from i3d_edge.core.reading import open_input, read_lines
from i3d_edge.core.schema import Format

REVIEWS = "reviews.jsonl"  # in a box's folder of state
Verdict = Literal["seen", "keep", "wrong"]


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody said of an event; with "seen" and "keep" its label stands."""

    id: str
    verdict: Verdict
    time: str | None = None  # ISO 8601
    label: str | None = None  # what it was, if "wrong" and known


_REVIEW = Format(kind=Review, noun="review", error=RecordError)


def read_reviews(path: Path) -> dict[str, Review]:
    """Return the last review of each event; lines that cannot be read are passed over, and so is such a file."""
    latest = {}
    with suppress(OSError), open_input(path) as stream:
        for line in read_lines(stream):
            with suppress(RecordError):
                review = _REVIEW.decode(line)
                latest[review.id] = review
    return latest


def append_review(path: Path, review: Review) -> None:
    """Append a review in one write, so that nobody reads half of it unless the machine stops; may raise OutputError."""
    line = msgspec.json.encode(review) + b"\n"
    with writing(path), open(path, "a+b", buffering=0) as file:
        if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
            line = b"\n" + line  # after what a crash cut off
        file.write(line)
        os.fsync(file.fileno())
