"""What a container holds: its picture, and why FFmpeg does not read it."""

from __future__ import annotations

from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from i3d_edge.core.errors import I3DError

DEFAULT_RATE_FPS = Fraction(25)
"""The rate of a raw stream that states none, as FFmpeg assumes it."""

_MAX_RATE_FPS = 1000  # MPEG-4 may state the rate of a clock instead, and times on it
_NO_TIMESTAMPS = 128  # AVFMT_NOTIMESTAMPS


def picture_stream(
    container: InputContainer, subject: str, *, absent: type[I3DError], unreadable: type[I3DError]
) -> VideoStream:
    """Return the first stream of a container that is a video, and not a cover.

    Args:
        container: Opened.
        subject: What messages call it, for instance "video 'a.mp4'".
        absent: Raised if it holds no video.
        unreadable: Raised if FFmpeg has no decoder for the video.
    """
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        kinds = ", ".join(sorted(stream.type for stream in container.streams)) or "nothing"
        raise absent(f"{subject} contains no video, only {kinds}")
    if streams[0].codec_context is None:
        raise unreadable(f"{subject} has a codec that FFmpeg does not know")
    return streams[0]


def is_raw(container: InputContainer) -> bool:
    """Whether it is a raw stream, such as H.264 or MJPEG, whose frames have no times."""
    return bool(int(container.format.flags) & _NO_TIMESTAMPS) or container.format.name.endswith("_pipe")


def stated_rate(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return the frame rate that a file states, of a raw stream the bitstream. Unit: frames per second."""
    if not is_raw(container):
        return stream.average_rate or stream.guessed_rate
    rate = stream.codec_context.framerate
    return stream.guessed_rate if rate and rate > _MAX_RATE_FPS else rate


def short_reason(error: BaseException) -> str:
    """Return why something failed, in a few words that can end a sentence."""
    cause = getattr(error, "reason", None) or error  # urllib wraps what went wrong
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
