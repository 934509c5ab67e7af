"""The recorder: events in, clips of them on disk."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import av
import msgspec

from i3d_edge.core.errors import I3DError, ResultError
from i3d_edge.core.files import make_folder
from i3d_edge.core.messages import Say
from i3d_edge.core.schema import to_json
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.report import Sink
from i3d_edge.runtime.record.clip import NOTE, VERSION, Clip, ClipNote, snapshot
from i3d_edge.runtime.record.retention import Library, full_disk
from i3d_edge.runtime.record.reviews import REVIEWS
from i3d_edge.runtime.record.ring import PacketRing
from i3d_edge.runtime.settings import ClipsConfig

_POLL_S = 0.1
_TIDY_EVERY_S = 3600.0
_MAX_WAITING = 1000
"""Events, while the disk does not answer; the next one replaces the oldest."""


class Recorder(Sink):
    """Writes a clip of every event, in a thread of its own, so that neither sources nor answers wait for the disk.

    A clip begins with the last keyframe `before_s` before the event's start and ends `after_s` after its end. What was
    written when an end is told stays. A clip ends early where the source breaks off or changes its codec or size, at
    `longest_s`, and when the recorder is closed; its note says so.
    """

    def __init__(self, state: Path, options: ClipsConfig | None = None, *, say: Say = lambda _text: None) -> None:
        """Remove what an interrupted watch left half written, and start the thread.

        Clips are written to `clips` in the folder of state, and its `reviews.jsonl` says which ones stay.

        Raises:
            OutputError: If the folder cannot be written.
        """
        self.num_written = self.num_lost = 0
        self._options, self._say = options or ClipsConfig(), say
        self._folder, self._unfinished = state / "clips", state / "clips" / ".unfinished"
        make_folder(self._folder)
        shutil.rmtree(self._unfinished, ignore_errors=True)
        make_folder(self._unfinished)
        self._library = Library(self._folder, state / REVIEWS, self._options)
        self._rings: dict[str, PacketRing] = {}
        self._clips: dict[str | None, Clip] = {}
        self._refusal: str | None = None
        self._events: deque[Event] = deque(maxlen=_MAX_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def tap(self, camera: str, *, late_s: float = 8.0) -> PacketRing:
        """Return a new tap for the source of a camera.

        An event may be told `late_s` after its start, in stream time: at least a window of the model and the shortest
        event. So much is kept in memory beside `before_s`.
        """
        ring = PacketRing(self._options.before_s + late_s, say=lambda text: self._say(f"camera {camera!r}: {text}"))
        self._rings[camera] = ring
        return ring

    def forget(self, cameras: Collection[str]) -> None:
        """Free the memory of all other cameras."""
        self._rings = {name: ring for name, ring in self._rings.items() if name in cameras}

    def happened(self, event: Event) -> None:
        """Take an event, and return at once."""
        if event.id is not None:
            self.num_lost += len(self._events) == _MAX_WAITING
            self._events.append(event)

    def close(self, limit_s: float = 30.0) -> None:
        """Finish the clips that are being written, within `limit_s` seconds."""
        self._closing.set()
        self._thread.join(limit_s)

    def _run(self) -> None:
        tidied_s = -_TIDY_EVERY_S
        is_closing = False
        while not is_closing:
            is_closing = self._closing.wait(_POLL_S)
            while self._events:
                event = self._events.popleft()
                with self._one_of_many(event):
                    self._take(event)
            for clip in list(self._clips.values()):
                with self._one_of_many(clip.event):
                    full = full_disk(self._folder)
                    if clip.stop(full) if full else clip.advance():
                        if not is_closing:
                            continue
                        clip.stop("the watch ended")
                    self._finish(clip)
            if time.monotonic() - tidied_s >= _TIDY_EVERY_S:
                tidied_s = time.monotonic()
                with suppress(OSError):  # an hour later, then
                    self._library.tidy()

    @contextmanager
    def _one_of_many(self, event: Event) -> Iterator[None]:
        """Let a failure, of the muxer or the disk for instance, cost the clip of this event, and no other's."""
        try:
            yield
        except Exception as error:
            self.num_lost += 1
            self._say(f"the clip of event {event.id} is lost: {short_reason(error)}")
            if clip := self._clips.pop(event.id, None):
                with suppress(Exception):  # it failed before
                    clip.close()
                with suppress(OSError):
                    clip.path.unlink(missing_ok=True)

    def _take(self, event: Event) -> None:
        clip = self._clips.get(event.id)
        if clip is not None:
            clip.told(event)
        elif event.type == "start" and event.camera in self._rings:
            self._begin(event, self._rings[event.camera])
        elif event.type == "end":  # its clip may be over already
            for path in self._folder.glob(f"*/{event.id}.json"):
                with suppress(ResultError):
                    note = msgspec.structs.replace(NOTE.read(path), event=event.to_fields())
                    self._publish(to_json(note, version=VERSION).encode(), path)

    def _begin(self, event: Event, ring: PacketRing) -> None:
        first = ring.start_of(event.start_s - self._options.before_s, event.start_s)
        refusal = self._library.refusal() or (None if first else f"nothing of camera {event.camera!r} is held")
        if refusal and refusal != self._refusal:
            self._say(f"no clip is written: {refusal}")
        self._refusal = refusal
        if first is None or refusal:
            self.num_lost += 1
        else:
            self._clips[event.id] = Clip(event, ring, first, self._unfinished, self._options)

    def _finish(self, clip: Clip) -> None:
        event = clip.event
        clip.close()
        day = self._folder / f"{event.start_time or datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(exist_ok=True)
        picture: str | None = f"{event.id}.jpg"
        middle_s = (event.start_s + min(event.end_s or clip.end_s, clip.end_s)) / 2
        try:
            self._publish(snapshot(clip.path, max(0.0, middle_s - clip.start_s)), day / f"{event.id}.jpg")
        except (I3DError, av.FFmpegError, OSError, ValueError) as error:
            self._say(f"the clip of event {event.id} gets no picture: {short_reason(error)}")
            picture = None
        with clip.path.open("r+b") as file:  # on the disk before it gets its name, also if the power fails
            os.fsync(file.fileno())
        os.replace(clip.path, day / clip.path.name)
        note = ClipNote(
            event=event.to_fields(),
            video=clip.path.name,
            picture=picture,
            codec=clip.codec,
            start_s=round(clip.start_s, 3),
            duration_s=round(clip.end_s - clip.start_s, 3),
            reason=clip.reason,
        )
        self._publish(to_json(note, version=VERSION).encode(), day / f"{event.id}.json")
        del self._clips[event.id]
        self.num_written += 1
        self._library.add(day, str(event.id))

    def _publish(self, data: bytes, path: Path) -> None:
        temporary = self._unfinished / path.name
        temporary.write_bytes(data)
        os.replace(temporary, path)
