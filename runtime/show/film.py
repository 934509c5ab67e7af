"""Encodes frames into a video that keeps the source's timestamps."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import DependencyError, OutputError
from i3d_edge.runtime.frames.timeline import Timeline

if TYPE_CHECKING:
    from av.packet import Packet


SUFFIXES = {".mp4": "mp4", ".mkv": "matroska"}
"""File suffixes and FFmpeg's names for their containers."""

ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "20", "bf": "0"},
    "libopenh264": {"rc_mode": "quality"},
    "mpeg4": {"qmin": "2", "qmax": "4"},
}
"""Encoders and their options, in order of preference: H.264, then MPEG-4 part 2, which every FFmpeg has."""

_MAX_MPEG4_TICKS_PER_S = 65535
_BT709 = 1


def choose_encoder() -> str:
    """Return the first available encoder.

    Raises:
        DependencyError: If FFmpeg has none of them.
    """
    for name in ENCODERS:
        if _can_encode(name):
            return name
    raise DependencyError(
        f"cannot write a video: FFmpeg has none of the encoders {', '.join(ENCODERS)}",
        hint="`pip install --force-reinstall av` installs one",
    )


def _can_encode(name: str) -> bool:
    try:
        return av.Codec(name, "w").is_encoder
    except (av.FFmpegError, ValueError):
        return False


def check_suffix(path: Path) -> None:
    """Require a file name that ends in one of `SUFFIXES`.

    Raises:
        OutputError: If it ends in anything else.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write video {str(path)!r}: its name must end in {' or '.join(SUFFIXES)}")


class Film:
    """A video that is being written. A context manager: the file is complete when the block ends.

    It keeps the source's clock, moved so that the first frame is at 0. It has no sound.

    Attributes:
        encoder: FFmpeg's name of the encoder.
    """

    def __init__(self, path: Path, timeline: Timeline, *, width: int, height: int) -> None:
        """Open the file.

        Args:
            path: The file to write.
            timeline: When each frame is shown.
            width: Of the frames, in pixels; even.
            height: Of the frames, in pixels; even.

        Raises:
            DependencyError: If FFmpeg has no encoder.
        """
        self.encoder = choose_encoder()
        self._timeline = timeline
        self._time_base = _time_base(self.encoder, timeline)
        ends = [self._tick(tick) for tick in (*timeline.ticks, timeline.end_tick)]
        self._durations = {start: end - start for start, end in pairwise(ends)}
        self._open(path, width, height)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._mux(self._video.encode())
        finally:
            self._output.close()

    def write(self, index: int, picture: UInt8Array) -> None:
        """Encode one frame.

        Args:
            index: Its position in the timeline.
            picture: Shape (height, width, 3), uint8, RGB 0..255.
        """
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self._tick(self._timeline.ticks[index]), self._time_base
        self._mux(self._video.encode(frame))

    def _open(self, path: Path, width: int, height: int) -> None:
        container = SUFFIXES[path.suffix.lower()]
        options = {"movflags": "+faststart"} if container == "mp4" else {}
        # The explicit protocol keeps FFmpeg from reading a name with a colon as a URL.
        self._output = av.open(f"file:{path}", "w", format=container, container_options=options)
        rate = Fraction(self._timeline.mean_fps).limit_denominator(1001)
        stream = self._output.add_stream(self.encoder, rate=rate, options=ENCODERS[self.encoder])
        assert isinstance(stream, VideoStream)
        self._video = stream
        self._video.width, self._video.height = width, height
        self._video.pix_fmt = "yuv420p"
        context = self._video.codec_context
        context.time_base = self._time_base
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG

    def _tick(self, tick: int) -> int:
        return round((tick - self._timeline.ticks[0]) * self._timeline.time_base / self._time_base)

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            packet.duration = self._durations[packet.pts]
            self._output.mux(packet)


def _time_base(encoder: str, timeline: Timeline) -> Fraction:
    if encoder == "mpeg4" and timeline.time_base.denominator > _MAX_MPEG4_TICKS_PER_S:
        return Fraction(1, _MAX_MPEG4_TICKS_PER_S)
    return timeline.time_base
