"""What tests of clips share: sources that are watched, with events at given times, and clips that are read back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
from synthetic import read_number

from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.source import LiveSource
from i3d_edge.runtime.record.clip import NOTE, ClipNote
from i3d_edge.runtime.record.recorder import Recorder

DAY = "2026-03-01"


def event(kind: str, start_s: float, end_s: float | None = None, *, number: int = 1, camera: str = "door") -> Event:
    return Event(
        type=kind,
        id=f"1772366407.250-{number:08x}",
        camera=camera,
        severity="alert",
        label="bright",
        index=1,
        start_s=start_s,
        end_s=end_s,
        probability=0.9,
        source="test",
        start_time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


def watch(source: LiveSource, recorder: Recorder, told: Sequence[tuple[float, Event]]) -> list[LiveFrame]:
    """Read a source to its end, telling each event once the stream has come to its time; return the frames."""
    waiting = sorted(told, key=lambda item: item[0])
    frames = []
    for item in source:
        if isinstance(item, LiveFrame):
            frames.append(item)
            while waiting and item.time >= waiting[0][0]:
                recorder.happened(waiting.pop(0)[1])
    return frames


def wait_for(recorder: Recorder, num_written: int) -> None:
    deadline = time.monotonic() + 10
    while recorder.num_written < num_written:
        assert time.monotonic() < deadline, "no clip was written"
        time.sleep(0.01)


@dataclass
class ClipRead:
    """A clip, decoded.

    Attributes:
        note: What lies beside it.
        numbers: Of its frames.
        times: Of its frames.
        picture: The number that its picture shows, or None.
        codec: As the file states it.
    """

    note: ClipNote
    numbers: list[int]
    times: list[Fraction]
    picture: int | None
    codec: str


def read_clip(state: Path, number: int = 1) -> ClipRead:
    """Read a clip; it must begin with a keyframe at 0, and decode without an error."""
    note = NOTE.read(state / "clips" / DAY / f"1772366407.250-{number:08x}.json")
    folder = state / "clips" / DAY
    with av.open(str(folder / note.video)) as container:
        stream = container.streams.video[0]
        first = next(packet for packet in container.demux(stream))
        assert first.is_keyframe
        container.seek(0)
        frames = list(container.decode(stream))
        assert not any(frame.is_corrupt for frame in frames)
        codec = stream.codec_context.codec.canonical_name
    times = [frame.pts * frame.time_base for frame in frames]
    assert times[0] == 0
    assert times == sorted(set(times))
    picture = None if note.picture is None else read_number(cv2.imread(str(folder / note.picture)))
    return ClipRead(note, [read_number(frame.to_ndarray(format="rgb24")) for frame in frames], times, picture, codec)
