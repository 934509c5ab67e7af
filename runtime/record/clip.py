"""The clip of one event: a file that begins with a keyframe at 0 s, while packets come; its note and its picture."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import msgspec
from av.packet import Packet

from i3d_edge.core.errors import EmptyVideoError, NoVideoStreamError, ResultError, VideoOpenError
from i3d_edge.core.schema import Format
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.frames.container import open_file, picture_stream, pixel_aspect
from i3d_edge.runtime.frames.jpeg import jpeg
from i3d_edge.runtime.frames.rgb import RgbConverter
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.record.ring import PacketRing, StoredPacket
from i3d_edge.runtime.settings import ClipsConfig

_TIME_BASE = Fraction(1, 90_000)
_FORMATS = {".mp4": "mp4", ".mkv": "matroska"}
_SILENT_S = 60.0
"""A source that says nothing for so long has ended without telling."""
_LATE_S = 0.5
"""A clip that begins later than asked by more than this says so."""
_QUALITY = 85
_MOST_DECODED = 300
"""Frames after a keyframe: some cameras send one a minute, and the decoder must not take the CPU for so long."""
VERSION = 1


class ClipNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clip shows; video and picture are names in the same folder."""

    event: dict[str, Any]  # as it was last told
    video: str
    picture: str | None  # None if none could be taken
    codec: str  # as FFmpeg calls it
    start_s: float  # of the stream: the event starts `event["start_s"] - start_s` into the clip
    duration_s: float
    reason: str | None  # why it shows less than was asked for


NOTE = Format(kind=ClipNote, noun="note of a clip", error=ResultError, version=VERSION)


class Clip:
    """A file that is being written.

    Attributes:
        event: As it was last told.
        start_s: Stream time of its first frame.
        end_s: Where its last frame ends.
        reason: Why it shows less than was asked for, or None.
    """

    def __init__(self, event: Event, ring: PacketRing, first: StoredPacket, folder: Path, options: ClipsConfig) -> None:
        """Open the file, which begins with a keyframe of the ring.

        Raises:
            OSError, ValueError, av.FFmpegError: If it cannot be written, or holds no such packets; so does `close`.
        """
        self.event, self.path, self.codec = event, folder / f"{event.id}{first.codec.suffix}", first.codec.name
        self.start_s = self.end_s = first.time_s
        self._ring, self._run, self._next_number, self._options = ring, first.run, first.number, options
        from_s = event.start_s - options.before_s
        self._limit_s = from_s + options.longest_s
        late_s = self.start_s - from_s
        self.reason = f"it begins {late_s:.1f} s late: nothing earlier is held" if late_s > _LATE_S else None
        self._last_dts: int | None = None
        self._active_s = time.monotonic()
        self._container = av.open(f"file:{self.path}", "w", format=_FORMATS[first.codec.suffix])
        self._stream = self._container.add_stream_from_template(first.codec.stream_for(first.data), opaque=True)
        self._stream.time_base = _TIME_BASE  # in a coarser one times that differ by a tick would be equal

    def told(self, event: Event) -> None:
        """Take news of the event; its end limits the clip."""
        self.event = event
        if event.end_s is not None:
            self._limit_s = min(self._limit_s, event.end_s + self._options.after_s)

    def advance(self) -> bool:
        """Write what has come; return whether the clip goes on."""
        run = self._ring.run
        for packet in self._ring.since(self._next_number):
            if packet.run != self._run:
                break
            if packet.number != self._next_number:
                return self.stop("the disk was too slow")
            if packet.time_s >= self._limit_s:
                ends_s = self.event.end_s and self.event.end_s + self._options.after_s
                return self.stop(None if ends_s == self._limit_s else f"it is cut off at {self._options.longest_s:g} s")
            try:
                self._add(packet)
            except (av.FFmpegError, OSError, ValueError) as error:
                return self.stop(f"a packet cannot be written: {short_reason(error)}")
            self._next_number, self._active_s = packet.number + 1, time.monotonic()
        if run != self._run:
            return self.stop("the source ended, broke off, or changed its codec or size")
        return time.monotonic() - self._active_s < _SILENT_S or self.stop("the source is silent")

    def stop(self, reason: str | None) -> bool:
        """Note why the clip is over, None if it is as asked; return that it does not go on."""
        self.reason = "; ".join(filter(None, [self.reason, reason])) or None
        return False

    def close(self) -> None:
        """Make the file whole."""
        self._container.close()

    def _add(self, packet: StoredPacket) -> None:
        if packet.time_s < self.start_s:  # shown before the keyframe, and decodable only with what came before that
            return
        self.end_s = max(self.end_s, packet.time_s + float(packet.duration))
        ticks = round((packet.time_s - self.start_s) / _TIME_BASE)
        ahead = 0 if packet.pts is None or packet.dts is None else round((packet.pts - packet.dts) / _TIME_BASE)
        dts = ticks - ahead if self._last_dts is None else max(ticks - ahead, self._last_dts + 1)
        self._last_dts = dts
        copy: Packet[Any] = Packet(packet.data)
        copy.stream, copy.is_keyframe = self._stream, packet.is_keyframe
        copy.time_base, copy.pts, copy.dts = _TIME_BASE, max(ticks, dts), dts
        copy.duration = round(packet.duration / _TIME_BASE)
        self._container.mux_one(copy)


def snapshot(clip: Path, at_s: float) -> bytes:
    """Return the frame on display at a time of a clip, upright, as a JPEG.

    Raises:
        I3DError, OSError: If no frame can be decoded, or the file not be opened.
    """
    with open_file(clip) as container:
        stream = picture_stream(container, "clip", absent=NoVideoStreamError, unreadable=VideoOpenError)
        assert stream.time_base is not None
        container.seek(int(at_s / stream.time_base), stream=stream, backward=True)
        shown = None
        for frame in islice(container.decode(stream), _MOST_DECODED):
            if shown is not None and frame.time is not None and frame.time > at_s:
                break
            shown = frame
        if shown is None:
            raise EmptyVideoError("no frame of the clip can be decoded")
        return jpeg(RgbConverter(pixel_aspect(stream))(shown), _QUALITY)
