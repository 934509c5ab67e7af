"""A video's sound, copied packet by packet without decoding it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

if TYPE_CHECKING:
    from av.packet import Packet

    AudioPacket = Packet[AudioStream]

MP4_CODECS = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"})
"""What players expect to find in an .mp4; .mkv takes any."""


class Sound:
    """The first audio stream of a file, on its way into another. A context manager.

    Attributes:
        warnings: What is left out, and why.
        start_s: Time of its first packet on the file's own clock; None where there is nothing to copy.
    """

    def __init__(self, source: Path | None, suffix: str) -> None:
        """Open a source.

        Args:
            source: A video file, with or without sound; None for what has none.
            suffix: Of the file that takes it, for instance ".mp4".
        """
        self.warnings: list[str] = []
        self._container: InputContainer | None = None
        self._stream: AudioStream | None = None
        self._output: OutputContainer | None = None
        self._packets: Iterator[tuple[Fraction, AudioPacket]] = iter(())
        self._ready: tuple[Fraction, AudioPacket] | None = None
        if source is None:
            return
        self._container = av.open(f"file:{source}", metadata_errors="replace")
        streams = self._container.streams.audio
        if len(streams) > 1:
            self.warnings.append(f"of {len(streams)} audio streams the first is kept")
        if streams:
            self._choose(streams[0], suffix)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container is not None:
            self._container.close()

    @property
    def start_s(self) -> Fraction | None:
        """When it begins, on the source's own clock."""
        stream = self._stream
        if stream is None or stream.start_time is None or stream.time_base is None:
            return None
        return stream.start_time * stream.time_base

    def add_to(self, output: OutputContainer, shift_s: Fraction) -> None:
        """Announce the stream in an output.

        Args:
            output: Not yet begun.
            shift_s: What is added to every time.
        """
        if self._stream is None:
            return
        self._output = output
        self._packets = self._shifted(self._stream, output.add_stream_from_template(self._stream), shift_s)
        self._ready = next(self._packets, None)

    def leave_out(self, reason: str) -> None:
        """Copy nothing, and warn of it."""
        name = "?" if self._stream is None else _codec_name(self._stream)
        self.warnings.append(f"the sound ({name}) is left out: {reason}")
        self._stream = self._ready = None

    def copy_until(self, time_s: Fraction | None) -> None:
        """Copy all packets that come before a time of the output; None copies the rest."""
        while self._ready is not None and self._output is not None:
            due_s, packet = self._ready
            if time_s is not None and due_s >= time_s:
                return
            try:
                self._output.mux(packet)
            except (av.FFmpegError, ValueError) as error:
                self.warnings.append(f"the sound breaks off at {float(due_s):.1f} s: {error}")
                self._ready = None
                return
            self._ready = next(self._packets, None)

    def _choose(self, stream: AudioStream, suffix: str) -> None:
        self._stream = stream
        name = _codec_name(stream)
        if name == "unknown":
            self.leave_out("its codec is unknown")
        elif suffix == ".mp4" and name not in MP4_CODECS:
            self.leave_out("it cannot be copied into .mp4; .mkv takes it")

    def _shifted(
        self, stream: AudioStream, copy: AudioStream, shift_s: Fraction
    ) -> Iterator[tuple[Fraction, AudioPacket]]:
        """Yield the packets as the copy wants them, each with the time at which it is due."""
        assert self._container is not None
        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError, IndexError):
                self.warnings.append("the sound breaks off: the rest of it cannot be read")
                return
            if packet is None:
                return
            if packet.size == 0 or packet.dts is None or packet.pts is None:
                continue
            shift = round(shift_s / packet.time_base)
            packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
            due_s = packet.dts * packet.time_base
            packet.stream = copy
            yield due_s, packet


def _codec_name(stream: AudioStream) -> str:
    context = stream.codec_context
    return "unknown" if context is None else str(context.codec.canonical_name)
