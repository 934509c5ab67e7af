"""The last seconds of a source, as it sent them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from av.packet import Packet
from av.video.stream import VideoStream

from i3d_edge.core.messages import Say
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.record.codec import Codec

MAX_BYTES = 64 << 20
_OVERHEAD_BYTES = 1024
"""Of a packet's fields in memory."""


@dataclass(slots=True, eq=False)
class StoredPacket:
    """A packet, copied. All times are in seconds."""

    number: int  # its place in the order of decoding
    run: int  # packets of the same run can follow each other in one file
    codec: Codec
    data: bytes = field(repr=False)
    is_keyframe: bool
    pts: Fraction | None  # the source's own times
    dts: Fraction | None
    duration: Fraction  # of its frame; 0 if it is not known
    time: Fraction | None = None  # stream time of its frame, once that is known

    @property
    def time_s(self) -> float:
        """The same, of one whose time is known."""
        return float(self.time or 0)


class PacketRing:
    """A `Tap` that keeps the packets of the last seconds, whole groups of pictures, and no more than so many bytes.

    One thread adds packets and another one takes copies of the list; neither waits for the other for long.
    """

    def __init__(self, keep_s: float, *, max_bytes: int = MAX_BYTES, say: Say = lambda _text: None) -> None:
        """Begin with none; `say` is called if the source's codec cannot be kept."""
        self._keep_s, self._max_bytes, self._say = Fraction(keep_s), max_bytes, say
        self._lock = threading.Lock()
        self._groups: deque[list[StoredPacket]] = deque()
        self._undated: deque[StoredPacket] = deque()
        self._codec: Codec | None = None
        self._parameter_sets = b""
        self._needs_keyframe = True
        self.num_bytes = self._num_packets = self.run = 0
        self._time = Fraction(0)

    def opened(self, stream: VideoStream) -> None:
        """See `Tap`."""
        self._needs_keyframe = True
        try:
            codec = Codec(stream)
        except ValueError as error:
            self._codec = None
            self._say(f"no clips are recorded: {short_reason(error)}")
            return
        if self._codec is None or codec.key != self._codec.key:
            self.run += 1
            self._codec, self._parameter_sets = codec, b""

    def sent(self, packet: Packet[VideoStream]) -> StoredPacket | None:
        """See `Tap`; the mark is the copy, or None for what is not kept."""
        if self._codec is None or (self._needs_keyframe and not packet.is_keyframe):
            return None
        self._needs_keyframe, data, base = False, bytes(packet), packet.time_base
        if packet.is_keyframe and (found := self._codec.parameter_sets(data)) != self._parameter_sets:
            self.run += bool(self._parameter_sets and found)
            self._parameter_sets = found or self._parameter_sets
        self._num_packets += 1
        stored = StoredPacket(
            number=self._num_packets,
            run=self.run,
            codec=self._codec,
            data=data,
            is_keyframe=packet.is_keyframe,
            pts=None if packet.pts is None else packet.pts * base,
            dts=None if packet.dts is None else packet.dts * base,
            duration=(packet.duration or 0) * base,
        )
        with self._lock:
            if stored.is_keyframe:
                self._groups.append([])
            self._groups[-1].append(stored)
            self._undated.append(stored)
            self.num_bytes += _size(stored)
            self._trim()
        return stored

    def placed(self, mark: StoredPacket, time: Fraction) -> None:
        """See `Tap`. Earlier packets are dated, too, by how far their own times lie from this one's."""
        with self._lock:
            self._time = time
            while self._undated and self._undated[0].number <= mark.number:
                packet = self._undated.popleft()
                packet.time = time if packet.pts is None or mark.pts is None else time + packet.pts - mark.pts
            mark.time = time

    def closed(self) -> None:
        """See `Tap`: nothing of what comes can follow what came."""
        with self._lock:
            self._undated.clear()
            self.run += 1
            self._needs_keyframe = True

    def start_of(self, from_s: float, shown_s: float) -> StoredPacket | None:
        """Return the keyframe that a clip begins with; None if nothing is held.

        It is the last one before `from_s`, or else the first one, of the run that is on display at `shown_s`.
        """
        with self._lock:
            heads = [group[0] for group in self._groups if group[0].time is not None]
        shown = [head for head in heads if head.time_s <= shown_s] or heads[:1]
        run = [head for head in heads if head.run == shown[-1].run]
        return next(reversed([head for head in run if head.time_s <= from_s] or run[:1]), None)

    def since(self, number: int) -> list[StoredPacket]:
        """Return the packets from this number on whose times are known, in the order of decoding."""
        with self._lock:
            end = self._undated[0].number if self._undated else self._num_packets + 1
            groups = [group for group in self._groups if group[-1].number >= number]
            return [
                packet
                for group in groups
                for packet in group
                if number <= packet.number < end and packet.time is not None
            ]

    def _trim(self) -> None:
        while len(self._groups) > 1 and (self.num_bytes > self._max_bytes or self._is_old(self._groups[1][0])):
            self._drop()
        if self.num_bytes > self._max_bytes:  # one group of pictures is too large
            self._drop()
            self.run += 1
            self._needs_keyframe = True

    def _is_old(self, head: StoredPacket) -> bool:
        return head.time is not None and head.time <= self._time - self._keep_s

    def _drop(self) -> None:
        group = self._groups.popleft()
        self.num_bytes -= sum(map(_size, group))
        while self._undated and self._undated[0].number <= group[-1].number:
            self._undated.popleft()


def _size(packet: StoredPacket) -> int:
    return len(packet.data) + _OVERHEAD_BYTES
