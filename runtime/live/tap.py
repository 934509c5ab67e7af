"""The tap of a source: its picture as it was sent, for whoever keeps it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

from av.packet import Packet
from av.video.stream import VideoStream


class Tap(Protocol):
    """Is shown the packets of a source's picture; called by the thread that reads, which it must not hold up."""

    def opened(self, stream: VideoStream) -> None:
        """Note that a connection was made, or that a looped file begins again; its packets follow."""

    def sent(self, packet: Packet[VideoStream]) -> object:
        """Take the next packet, in the order of decoding, before it is decoded; return a mark, which its frame bears.

        The packet and its stream keep the connection open: what is kept of them must be copied.
        """

    def placed(self, mark: Any, time: Fraction) -> None:
        """Note the stream time of the frame that bears a mark. A frame that is skipped gets none."""

    def closed(self) -> None:
        """Note that the connection broke off, or that the source has ended."""
