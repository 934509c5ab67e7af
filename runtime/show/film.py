"""Encodes frames into a video that keeps the source's timestamps."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import DependencyError, OutputError
from i3d_edge.runtime.frames.timeline import Timeline

if TYPE_CHECKING:
    from av.packet import Packet


SUFFIXES = {".mp4": "mp4", ".mkv": "matroska"}  # file suffixes and FFmpeg's names for their containers
ENCODER = "libx264"
_OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}
_BT709 = 1


def check_suffix(path: Path) -> None:
    """Raise OutputError unless a file name ends in one of `SUFFIXES`."""
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write video {str(path)!r}: its name must end in {' or '.join(SUFFIXES)}")


class Film:
    """A video that is being written. A context manager: the file is complete when the block ends.

    It is H.264, keeps the source's clock, moved so that the first frame is at 0, and has no sound.
    """

    def __init__(self, path: Path, timeline: Timeline, *, width: int, height: int) -> None:
        """Open the file, for frames of an even width and height; raises DependencyError if FFmpeg lacks H.264."""
        self._timeline = timeline
        ends = [self._tick(tick) for tick in (*timeline.ticks, timeline.end_tick)]
        self._durations = {start: end - start for start, end in pairwise(ends)}
        if ENCODER not in av.codecs_available:
            raise DependencyError(
                f"cannot write a video: FFmpeg has no encoder {ENCODER}",
                hint="`pip install --force-reinstall av` installs one",
            )
        container = SUFFIXES[path.suffix.lower()]
        options = {"movflags": "+faststart"} if container == "mp4" else {}
        # The explicit protocol keeps FFmpeg from reading a name with a colon as a URL.
        self._output = av.open(f"file:{path}", "w", format=container, container_options=options)
        rate = Fraction(timeline.mean_fps).limit_denominator(1001)
        stream = self._output.add_stream(ENCODER, rate=rate, options=_OPTIONS)
        assert isinstance(stream, VideoStream)
        self._video = stream
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = timeline.time_base
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if error is None:
                self._mux(self._video.encode())
        finally:
            self._output.close()

    def write(self, index: int, picture: UInt8Array) -> None:
        """Encode the frame at an index of the timeline, shape (height, width, 3), uint8, RGB 0..255."""
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self._tick(self._timeline.ticks[index]), self._timeline.time_base
        self._mux(self._video.encode(frame))

    def _tick(self, tick: int) -> int:
        return tick - self._timeline.ticks[0]

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            packet.duration = self._durations[packet.pts]
            self._output.mux(packet)
