"""Retention: which clips go, and when there is no room for another one."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from msgspec.structs import asdict

from i3d_edge.core.errors import ResultError
from i3d_edge.core.files import visible_names
from i3d_edge.runtime.record.clip import NOTE
from i3d_edge.runtime.record.reviews import read_reviews
from i3d_edge.runtime.settings import ClipsConfig

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"(.+)\.(mp4|mkv|jpg|json)")
_LEAST_FREE_BYTES, _LEAST_FREE_SHARE = 1 << 30, 0.05
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class KeptClip:
    """A clip on disk, of the event of this id."""

    id: str
    folder: Path
    written: float  # seconds since 1970
    severity: str | None
    num_bytes: int  # of all its files


def expired(
    clips: Iterable[KeptClip], kept: Collection[str], now: float, days: Mapping[str, float], quota_bytes: float
) -> list[KeptClip]:
    """Return the clips to delete: those that are too old, then the oldest ones beyond the quota.

    One that somebody keeps, by its id, never goes, but counts for the quota. `days` says how long they stay, by
    severity; one that is not named stays.
    """
    oldest_first = sorted(clips, key=lambda clip: (clip.written, clip.id))
    left = sum(clip.num_bytes for clip in oldest_first)
    gone = []
    loose = [clip for clip in oldest_first if clip.id not in kept]
    old = {clip.id for clip in loose if now - clip.written > days.get(clip.severity or "", float("inf")) * _DAY_S}
    for clip in sorted(loose, key=lambda clip: clip.id not in old):
        if clip.id in old or left > quota_bytes:
            gone.append(clip)
            left -= clip.num_bytes
    return gone


class Library:
    """The clips of a folder."""

    def __init__(self, folder: Path, reviews: Path, options: ClipsConfig) -> None:
        """Find those that are there; `reviews` says which ones somebody keeps."""
        self._folder, self._reviews, self._options = folder, reviews, options
        self._quota_bytes = options.quota_gib * (1 << 30)
        self._clips = {clip.id: clip for day in _days(folder) for clip in _clips(day)}

    def add(self, day: Path, clip_id: str) -> None:
        """Note a clip that was written, and delete what there is no more room for."""
        self._clips |= {clip.id: clip for clip in _clips(day, clip_id)}
        self.tidy()

    def tidy(self) -> None:
        """Delete the clips whose time is over."""
        kept, days = kept_ids(self._reviews), asdict(self._options.days)
        for clip in expired(self._clips.values(), kept, time.time(), days, self._quota_bytes):
            del self._clips[clip.id]
            with suppress(OSError):  # what is there resists, or is another clip
                for path in clip.folder.glob(f"{clip.id}.*"):
                    path.unlink(missing_ok=True)
                clip.folder.rmdir()

    def refusal(self) -> str | None:
        """Return why no clip can be written, or None."""
        if full := full_disk(self._folder):
            return full
        kept = kept_ids(self._reviews)
        if sum(clip.num_bytes for clip in self._clips.values() if clip.id in kept) >= self._quota_bytes:
            return f"the clips that somebody keeps fill the {self._options.quota_gib:g} GiB that clips may take"
        return None


def full_disk(folder: Path) -> str | None:
    """Return why nothing more is written to a folder's disk, or None."""
    usage = shutil.disk_usage(folder)
    if usage.free >= max(_LEAST_FREE_BYTES, _LEAST_FREE_SHARE * usage.total):
        return None
    return "less than 1 GiB, or 5 %, of the disk is free"


def kept_ids(reviews: Path) -> set[str]:
    """Return the ids whose last review says "keep"."""
    return {review.id for review in read_reviews(reviews).values() if review.verdict == "keep"}


def _days(folder: Path) -> list[Path]:
    return [folder / name for name in visible_names(folder) if _DAY.fullmatch(name)]


def _clips(day: Path, clip_id: str | None = None) -> list[KeptClip]:
    """Return the clips of a day, or the one that is asked for."""
    names = visible_names(day) if clip_id is None else sorted(path.name for path in day.glob(f"{clip_id}.*"))
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    clips = []
    for name, matches in groupby(found, key=lambda match: match[1]):
        stats = [(day / match[0]).stat() for match in matches]
        written, num_bytes = max(stat.st_mtime for stat in stats), sum(stat.st_size for stat in stats)
        severity = None
        with suppress(ResultError):  # a kill came before it was written
            severity = NOTE.read(day / f"{name}.json").event.get("severity")
        clips.append(KeptClip(name, day, written, severity, num_bytes))
    return clips
