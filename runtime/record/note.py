"""The file beside a clip that says what it shows."""

from __future__ import annotations

from typing import Any

import msgspec

from i3d_edge.core.errors import ResultError
from i3d_edge.core.schema import Format

VERSION = 1


class ClipNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clip shows.

    Attributes:
        event: The event as it was last told; of an "end", whole.
        video: Name of the clip in the same folder.
        picture: Name of its picture, or None if none could be taken.
        codec: As FFmpeg calls it.
        start_s: Stream time of its first frame: the event starts `event["start_s"] - start_s` into the clip.
        duration_s: How long it is.
        reason: Why it shows less than was asked for, or None.
    """

    event: dict[str, Any]
    video: str
    picture: str | None
    codec: str
    start_s: float
    duration_s: float
    reason: str | None


NOTE = Format(kind=ClipNote, noun="note of a clip", error=ResultError, version=VERSION)
