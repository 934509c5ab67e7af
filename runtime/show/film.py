"""Writes an annotated video: its frames encoded on the source's clock, and the source's sound as it is."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from i3d_edge.core.errors import DependencyError, OutputError
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.show.sound import Sound

if TYPE_CHECKING:
    from av.packet import Packet

UInt8Array = npt.NDArray[np.uint8]

SUFFIXES = {".mp4": "mp4", ".mkv": "matroska"}
"""What an output's name may end in, and FFmpeg's name of its container."""

ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "20", "bf": "0"},
    "libopenh264": {"rc_mode": "quality"},
    "mpeg4": {"qmin": "2", "qmax": "4"},
}
"""What frames are encoded with, the first that this FFmpeg has: H.264, or MPEG-4 part 2, which FFmpeg itself brings."""

_MAX_MPEG4_TICKS_PER_S = 65535
_BT709 = 1


def choose_encoder() -> str:
    """Return the first encoder that there is.

    Raises:
        DependencyError: If there is none.
    """
    for name in ENCODERS:
        if _can_encode(name):
            return name
    raise DependencyError(
        f"FFmpeg must have one of the encoders {', '.join(ENCODERS)} to write a video; it has none",
        hint="`pip install --force-reinstall av` brings one",
    )


def _can_encode(name: str) -> bool:
    try:
        return av.Codec(name, "w").is_encoder
    except (av.FFmpegError, ValueError):
        return False


def check_suffix(path: Path) -> None:
    """Refuse a name that is of no container we write.

    Raises:
        OutputError: If it ends in something else.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"annotated video {str(path)!r} must end in {' or '.join(SUFFIXES)}; got {path.suffix!r}")


class Film:
    """A video that is being written. A context manager: it is whole once the block has ended.

    Its clock is the source's, moved so that the first frame or the first sound, whichever comes first, is at 0.

    Attributes:
        encoder: FFmpeg's name of what encodes the frames.
    """

    def __init__(self, path: Path, timeline: Timeline, sound: Sound, *, width: int, height: int) -> None:
        """Open the file.

        Args:
            path: What to write.
            timeline: When each frame is shown.
            sound: What is copied.
            width: Of the frames, even.
            height: Of the frames, even.

        Raises:
            DependencyError: If FFmpeg has no encoder.
        """
        self.encoder = choose_encoder()
        self._timeline = timeline
        self._sound = sound
        self._size = width, height
        first_s = timeline.ticks[0] * timeline.time_base
        self._start_s = min(first_s, sound.start_s if sound.start_s is not None else first_s)
        self._time_base = _time_base(self.encoder, timeline)
        ends = [self._tick(tick) for tick in (*timeline.ticks, timeline.end_tick)]
        self._durations = {start: end - start for start, end in pairwise(ends)}
        try:
            self._open(path)
        except (av.FFmpegError, ValueError):
            if sound.start_s is None:
                raise
            sound.leave_out(f"it cannot be copied into {path.suffix}")
            self._output.close()
            self._open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._mux(self._video.encode())
                self._sound.copy_until(None)
        finally:
            self._output.close()

    def write(self, index: int, picture: UInt8Array) -> None:
        """Add a frame: its index in the timeline, and its pixels, shape (height, width, 3), uint8, RGB 0..255."""
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self._tick(self._timeline.ticks[index]), self._time_base
        self._mux(self._video.encode(frame))

    def _open(self, path: Path) -> None:
        container = SUFFIXES[path.suffix.lower()]
        options = {"movflags": "+faststart"} if container == "mp4" else {}
        # With its protocol spelled out, a name with a colon is not taken for an address.
        self._output = av.open(f"file:{path}", "w", format=container, container_options=options)
        rate = Fraction(self._timeline.mean_fps).limit_denominator(1001)
        stream = self._output.add_stream(self.encoder, rate=rate, options=ENCODERS[self.encoder])
        assert isinstance(stream, VideoStream)
        self._video = stream
        self._video.width, self._video.height = self._size
        self._video.pix_fmt = "yuv420p"
        context = self._video.codec_context
        context.time_base = self._time_base
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        self._sound.add_to(self._output, -self._start_s)
        self._output.start_encoding()

    def _tick(self, tick: int) -> int:
        return round((tick * self._timeline.time_base - self._start_s) / self._time_base)

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            assert packet.dts is not None
            packet.duration = self._durations[packet.pts]
            self._sound.copy_until(packet.dts * self._time_base)
            self._output.mux(packet)


def _time_base(encoder: str, timeline: Timeline) -> Fraction:
    if encoder == "mpeg4" and timeline.time_base.denominator > _MAX_MPEG4_TICKS_PER_S:
        return Fraction(1, _MAX_MPEG4_TICKS_PER_S)
    return timeline.time_base
