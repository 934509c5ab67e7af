"""The ring: what is held, how much, and from which keyframe a clip begins."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from live import numbered, write_transport_stream
from synthetic import write_video

from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.source import LiveSource
from i3d_edge.runtime.record.ring import PacketRing


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s of 25 fps, a keyframe every 10 frames."""
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", numbered(range(100)))


def fill(ring: PacketRing, path: Path, **options: object) -> Iterator[int]:
    """Read a source into a ring; yield after each frame how many bytes are held."""
    for _ in LiveSource(Address.parse(str(path)), StreamOptions(**options), tap=ring):
        yield ring.num_bytes


def times(ring: PacketRing) -> list[int]:
    """Numbers of the frames that are held, of 25 a second."""
    return [int(packet.time * 25) for packet in ring.since(0) if packet.time is not None]


def test_whole_groups_of_the_last_seconds_are_held(video: Path) -> None:
    ring = PacketRing(1.0)
    list(fill(ring, video))
    assert times(ring) == list(range(70, 100))  # 3.96 - 1 s lies in the group from 2.8 s on


@pytest.mark.parametrize(
    ("from_s", "shown_s", "first"),
    [(1.0, 1.5, 20), (1.21, 1.5, 30), (1.19, 1.5, 20), (-5, 0.1, 0), (3.9, 9, 90)],
)
def test_a_clip_begins_with_the_keyframe_before(video: Path, from_s: float, shown_s: float, first: int) -> None:
    ring = PacketRing(10)
    list(fill(ring, video))
    found = ring.start_of(from_s, shown_s)
    assert found is not None
    assert (found.time, found.is_keyframe) == (Fraction(first, 25), True)


def test_a_clip_spans_no_break(video: Path) -> None:
    ring = PacketRing(10)
    list(fill(ring, video))
    first_run = ring.start_of(1, 2)
    list(fill(ring, video))  # a new source, whose clock begins anew
    assert first_run is not None
    assert {packet.run for packet in ring.since(0)} == {first_run.run, first_run.run + 1}


def test_memory_is_bounded(video: Path) -> None:
    ring = PacketRing(1000, max_bytes=100_000)
    held = list(fill(ring, video, is_looped=True, max_duration_s=40))
    assert len(held) == 1000
    assert 50_000 < max(held) <= 100_000
    assert times(ring)[-1] == 999
    assert ring.start_of(0, 0) is not None


def test_a_group_beyond_the_bound_is_dropped(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(100)), options={"qp": "0", "preset": "ultrafast", "g": "60"})
    ring = PacketRing(1000, max_bytes=60_000)
    held = list(fill(ring, path))
    assert max(held) <= 60_000
    assert times(ring) == list(range(60, 100))


def test_nothing_is_held_of_what_does_not_decode(tmp_path: Path) -> None:
    """Not for ever, that is: its packets are never dated, and the bound still holds."""
    path = write_transport_stream(tmp_path / "a.ts", numbered(range(100)))
    ring = PacketRing(0.1, max_bytes=20_000)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        ring.opened(stream)
        for packet in container.demux(stream):
            if packet.size:
                ring.sent(packet)
            assert ring.num_bytes <= 20_000
    assert ring.since(0) == []
    assert ring.start_of(0, 0) is None
