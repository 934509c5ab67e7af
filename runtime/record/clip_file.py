"""One clip on disk: packets in, a file that begins with a keyframe at 0 s."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from i3d_edge.runtime.record.ring import StoredPacket

_TIME_BASE = Fraction(1, 90_000)
_FORMATS = {".mp4": "mp4", ".mkv": "matroska"}


class ClipFile:
    """A file that is being written.

    Attributes:
        start: Stream time of its first frame.
        end: Where its last frame ends.
    """

    def __init__(self, path: Path, first: StoredPacket) -> None:
        """Open it; `first` is the keyframe that it will begin with.

        Raises:
            OSError: If it cannot be written, or no file can hold such packets; so do `add` and `close`.
            ValueError: Likewise.
        """
        assert first.time is not None
        self.start = self.end = first.time
        self._last_dts: int | None = None
        self._container = av.open(f"file:{path}", "w", format=_FORMATS[first.codec.suffix])
        self._stream = self._container.add_stream_from_template(first.codec.stream_for(first.data), opaque=True)

    def add(self, packet: StoredPacket) -> None:
        """Write the next packet in the order of decoding, at its stream time."""
        assert packet.time is not None
        if packet.time < self.start:  # shown before the keyframe, and decodable only with what came before that
            return
        self.end = max(self.end, packet.time + packet.duration)
        ticks = round((packet.time - self.start) / _TIME_BASE)
        ahead = 0 if packet.pts is None or packet.dts is None else round((packet.pts - packet.dts) / _TIME_BASE)
        dts = ticks - ahead if self._last_dts is None else max(ticks - ahead, self._last_dts + 1)
        self._last_dts = dts
        copy: Packet[Any] = Packet(packet.data)
        copy.stream, copy.is_keyframe = self._stream, packet.is_keyframe
        copy.time_base, copy.pts, copy.dts = _TIME_BASE, max(ticks, dts), dts
        copy.duration = round(packet.duration / _TIME_BASE)
        self._container.mux_one(copy)

    def close(self) -> None:
        """Make the file whole."""
        self._container.close()
