"""The codec of a stream: what a file must know before its packets."""

from __future__ import annotations

from io import BytesIO

import av
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.stream import VideoStream

_IN_MP4 = {"av1", "h264", "hevc", "mjpeg", "mpeg4"}
_PARAMETER_SETS = {"av1", "h264", "hevc"}
_PROBED = {"h264", "hevc"}


class Codec:
    """The parameters of a stream, without the connection that it came by.

    Attributes:
        name: As FFmpeg calls it, "h264" for instance.
        suffix: Of a file that takes it, ".mp4" or ".mkv".
        key: Equal for streams that can follow each other in one file.
    """

    def __init__(self, stream: VideoStream) -> None:
        """Copy them; raises ValueError if it is nothing to keep in a file."""
        context = stream.codec_context
        self.name = context.codec.canonical_name
        if self.name == "rawvideo":
            raise ValueError("it sends raw pictures, which fill the disk")
        self.suffix = ".mp4" if self.name in _IN_MP4 else ".mkv"
        self.key = (self.name, context.extradata, context.width, context.height)
        # A stream of a container that is never written: PyAV makes parameters nowhere else.
        self._template = av.open(BytesIO(), "w", format="matroska").add_stream_from_template(stream, opaque=True)

    def parameter_sets(self, keyframe: bytes) -> bytes:
        """Return what a keyframe itself says of the pictures that follow; nothing if it does not."""
        if self.name not in _PARAMETER_SETS:
            return b""
        try:
            [packet] = BitStreamFilterContext("extract_extradata", self.name).filter(Packet(keyframe))
        except (av.FFmpegError, ValueError):  # MP4's form has none
            return b""
        return bytes(packet.get_sidedata("new_extradata"))

    def stream_for(self, keyframe: bytes) -> VideoStream:
        """Return a template for a file that begins with this keyframe, whose own parameters come first."""
        if self.name in _PROBED and self.parameter_sets(keyframe):
            return av.open(BytesIO(keyframe), format=self.name).streams.video[0]
        return self._template
