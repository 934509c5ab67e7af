"""The recorder: events in, clips of them on disk."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import msgspec

from i3d_edge.core.errors import I3DError, ResultError
from i3d_edge.core.files import make_folder
from i3d_edge.core.json_text import parse_json
from i3d_edge.core.messages import Say
from i3d_edge.core.schema import to_json
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.sink import Sink
from i3d_edge.runtime.record.clip_file import ClipFile
from i3d_edge.runtime.record.note import NOTE, VERSION, ClipNote
from i3d_edge.runtime.record.options import ClipOptions
from i3d_edge.runtime.record.retention import Library, full_disk
from i3d_edge.runtime.record.ring import PacketRing, StoredPacket
from i3d_edge.runtime.record.snapshot import snapshot

_POLL_S = 0.1
_TIDY_EVERY_S = 3600.0
_SILENT_S = 60.0
_MAX_WAITING = 1000
_LATE_S = 0.5


@dataclass(slots=True)
class _Clip:
    event: Event
    ring: PacketRing
    first: StoredPacket
    file: ClipFile
    path: Path
    limit_s: float
    next_number: int
    reasons: list[str]
    active_s: float = field(default_factory=time.monotonic)


class Recorder(Sink):
    """Writes a clip of every event, in a thread of its own, so that neither sources nor answers wait for the disk.

    A clip begins with the last keyframe `before_s` before the event's start and ends `after_s` after its end. What is
    written by the time that an end is told stays. A clip ends early where the source breaks off or changes its codec
    or size, at `longest_s`, and when the recorder is closed; its note says so.

    Attributes:
        num_written: Clips written so far.
        num_lost: Events of which there is no clip, though there was a tap.
    """

    def __init__(self, state: Path, options: ClipOptions | None = None, *, say: Say = lambda _text: None) -> None:
        """Remove what an interrupted watch left half written, and start the thread.

        Args:
            state: Folder; clips are written to `clips` in it, and its `reviews.jsonl` says which ones stay.
            options: How clips are cut and how long they stay.
            say: Called, from any thread, with messages for the user.

        Raises:
            OutputError: If the folder cannot be written.
        """
        self.num_written = self.num_lost = 0
        self._options, self._say = options or ClipOptions(), say
        self._folder, self._unfinished = state / "clips", state / "clips" / ".unfinished"
        make_folder(self._folder)
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(exist_ok=True)
        self._library = Library(self._folder, state / "reviews.jsonl", self._options)
        self._rings: dict[str, PacketRing] = {}
        self._clips: dict[str, _Clip] = {}
        self._refusal: str | None = None
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def tap(self, camera: str, *, late_s: float = 8.0) -> PacketRing:
        """Return a new tap for the source of a camera.

        Args:
            camera: As events call it.
            late_s: How long after its start an event may be told, in stream time: at least a window of the model and
                the shortest event. So much is kept in memory beside `before_s`.
        """
        ring = PacketRing(self._options.before_s + late_s, say=lambda text: self._say(f"camera {camera!r}: {text}"))
        self._rings[camera] = ring
        return ring

    def happened(self, event: Event) -> None:
        """Take an event, and return at once."""
        if event.id is None:
            return
        with self._changed:
            if len(self._events) < _MAX_WAITING:
                self._events.append(event)
            else:
                self.num_lost += event.type == "start"
            self._changed.notify()

    def close(self, limit_s: float = 30.0) -> None:
        """Finish the clips that are being written, within `limit_s` seconds."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(limit_s)

    def _run(self) -> None:
        tidied_s = -_TIDY_EVERY_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events or self._is_closing, _POLL_S)
                is_closing, events = self._is_closing, list(self._events)
                self._events.clear()
            for event in events:
                with self._one_of_many(event):
                    self._take(event)
            for clip in list(self._clips.values()):
                with self._one_of_many(clip.event):
                    reason = self._advance(clip)
                    if reason is not None or is_closing:
                        self._finish(clip, "the watch ended" if reason is None else reason)
            if is_closing:
                return
            if time.monotonic() - tidied_s >= _TIDY_EVERY_S:
                tidied_s = time.monotonic()
                self._library.tidy()

    @contextmanager
    def _one_of_many(self, event: Event) -> Iterator[None]:
        """Let a failure, of the muxer or the disk for instance, cost the clip of this event, and no other's."""
        try:
            yield
        except Exception as error:
            self.num_lost += 1
            clip = self._clips.pop(event.id or "", None)
            if clip is not None:
                clip.path.unlink(missing_ok=True)
            self._say(f"the clip of event {event.id} is lost: {short_reason(error)}")

    def _take(self, event: Event) -> None:
        assert event.id is not None
        clip = self._clips.get(event.id)
        if event.type == "start":
            self._begin(event)
        elif clip is not None:
            clip.event = event
            if event.end_s is not None:
                clip.limit_s = min(clip.limit_s, event.end_s + self._options.after_s)
        elif event.type == "end":
            self._complete(event)

    def _begin(self, event: Event) -> None:
        ring = self._rings.get(event.camera or "")
        if ring is None:
            return
        refusal = self._library.refusal()
        if refusal is not None and refusal != self._refusal:
            self._say(f"no clips are written: {refusal}")
        self._refusal = refusal
        from_s = event.start_s - self._options.before_s
        first = ring.start_of(from_s, event.start_s)
        if refusal is not None or first is None:
            self.num_lost += 1
            return
        path = self._unfinished / f"{event.id}{first.codec.suffix}"
        file = ClipFile(path, first)
        late_s = float(file.start) - from_s
        reasons = [f"it begins {late_s:.1f} s late: nothing earlier is held"] if late_s > _LATE_S else []
        limit_s = from_s + self._options.longest_s
        self._clips[event.id or ""] = _Clip(event, ring, first, file, path, limit_s, first.number, reasons)

    def _advance(self, clip: _Clip) -> str | None:
        """Write what has come; return why the clip is over, "" if it is whole, or None if it goes on."""
        if full := full_disk(self._folder):
            return full
        run = clip.ring.run
        for packet in clip.ring.since(clip.next_number):
            if packet.run != clip.first.run:
                break
            if packet.number != clip.next_number:
                return "the disk was too slow"
            if float(packet.time or 0) >= clip.limit_s:
                is_whole = clip.event.end_s is not None and clip.event.end_s + self._options.after_s <= clip.limit_s
                return "" if is_whole else f"it is cut off at {self._options.longest_s:g} s"
            try:
                clip.file.add(packet)
            except (av.FFmpegError, OSError, ValueError) as error:
                return f"a packet cannot be written: {short_reason(error)}"
            clip.next_number, clip.active_s = packet.number + 1, time.monotonic()
        if run != clip.first.run:
            return "the source ended, broke off, or changed its codec or size"
        return "the source is silent" if time.monotonic() - clip.active_s > _SILENT_S else None

    def _finish(self, clip: _Clip, reason: str) -> None:
        event, file = clip.event, clip.file
        assert event.id is not None
        file.close()
        middle_s = (event.start_s + min(event.end_s or float(file.end), float(file.end))) / 2
        day = self._folder / f"{event.start_time or datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(exist_ok=True)
        picture: str | None = f"{event.id}.jpg"
        try:
            self._publish(snapshot(clip.path, max(0.0, middle_s - float(file.start))), day / f"{event.id}.jpg")
        except (I3DError, av.FFmpegError, OSError, ValueError) as error:
            self._say(f"the clip of event {event.id} gets no picture: {short_reason(error)}")
            picture = None
        _sync(clip.path)
        os.replace(clip.path, day / clip.path.name)
        note = ClipNote(
            event=_fields(event),
            video=clip.path.name,
            picture=picture,
            codec=clip.first.codec.name,
            start_s=round(float(file.start), 3),
            duration_s=round(float(file.end - file.start), 3),
            reason="; ".join([*clip.reasons, *filter(None, [reason])]) or None,
        )
        self._write_note(note, day / f"{event.id}.json")
        del self._clips[event.id]
        self.num_written += 1
        self._library.add(day, event.id)

    def _complete(self, event: Event) -> None:
        """Note the end of an event whose clip was over before."""
        for path in self._folder.glob(f"*/{event.id}.json"):
            with suppress(ResultError):
                self._write_note(msgspec.structs.replace(NOTE.read(path), event=_fields(event)), path)

    def _write_note(self, note: ClipNote, path: Path) -> None:
        self._publish(to_json(note, version=VERSION).encode(), path)

    def _publish(self, data: bytes, path: Path) -> None:
        temporary = self._unfinished / path.name
        temporary.write_bytes(data)
        os.replace(temporary, path)


def _fields(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = parse_json(event.to_json())
    return fields


def _sync(path: Path) -> None:
    """Have a file on the disk before it gets its name, also if the power fails."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
