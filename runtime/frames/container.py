"""What a container holds: its picture, and why FFmpeg does not read it."""

import errno
import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from i3d_edge.core.errors import I3DError
from i3d_edge.core.reading import open_input
from i3d_edge.runtime.frames.remote import local_copy

DEFAULT_RATE_FPS = Fraction(25)  # the rate of a raw stream that states none, as FFmpeg assumes it
MAX_PIXELS = 1 << 26
"""Of a picture: 8192 x 8192. A few kilobytes can hold a larger one, which takes a gigabyte and many seconds."""

_TEXT_CODECS = {"ansi", "bintext", "idf", "xbin"}  # FFmpeg draws text files with these, whatever the text
_LARGEST_ASPECT = Fraction(4)
_MAX_RATE_FPS = 1000  # MPEG-4 may state the rate of a clock instead, and times on it
_DURATION = re.compile(r"(\d{1,9}):(\d{1,9}):(\d{1,9}\.?\d{0,9})")
_NO_TIMESTAMPS = 128  # AVFMT_NOTIMESTAMPS


# They read other files or hosts, which whoever wrote the file chooses; or they draw text.
_NOT_OPENED = {
    *("concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "webm_dash_manifest"),
    *("adf", "bin", "idf", "tty", "xbin"),
}
_TEXT_START_BYTES = 4096


def open_file(path: Path, **options: Any) -> InputContainer:
    """Open a file, or a copy of what lies at an address, but no playlist or text; `options` are those of `av.open`.

    Raises OSError if it is no regular file, or nothing that FFmpeg can open.
    """
    file = local_copy(path)
    with open_input(file) as stream:
        start = stream.read(_TEXT_START_BYTES)
    try:
        # With its protocol spelled out, a name with a colon is not taken for an address.
        container: InputContainer = av.open(
            f"file:{file}", metadata_errors="replace", options=file_options(), **options
        )
        return container
    except av.ArgumentError:
        if b"\0" in start:
            raise
    raise OSError(errno.EINVAL, "it is text, such as a playlist: give the videos that it names", str(path))


@cache
def file_options() -> dict[str, str]:
    """Return FFmpeg's options for what is opened as a file: in which formats."""
    known = {part for name in av.formats_available for part in name.split(",")}
    return {"format_whitelist": ",".join(sorted(known - _NOT_OPENED))}


def picture_stream(
    container: InputContainer, subject: str, *, absent: type[I3DError], unreadable: type[I3DError]
) -> VideoStream:
    """Return the stream of a container that FFmpeg would take for its video, but neither a cover nor a still.

    Raises `absent` if it holds no video; `unreadable` if FFmpeg has no decoder for it, or its pictures are too large.
    """
    streams = _pictures(container)
    if not streams:
        kinds = sorted("text" if _is_text(stream) else stream.type for stream in container.streams)
        raise absent(f"{subject} contains no video, only {', '.join(kinds) or 'nothing'}")
    films = [stream for stream in streams if not _is_still(stream)] or streams
    best = container.streams.best("video")
    chosen = next((stream for stream in films if best is not None and stream.index == best.index), films[0])
    if chosen.codec_context is None:
        raise unreadable(f"{subject} has a codec that FFmpeg does not know")
    if chosen.width * chosen.height > MAX_PIXELS:
        raise unreadable(
            f"{subject} has pictures of {chosen.width} x {chosen.height}; at most {MAX_PIXELS:,} pixels are read",
            hint="make them smaller: `ffmpeg -i IN -vf scale=1920:-2 OUT.mp4`",
        )
    return chosen


def remarks(container: InputContainer, chosen: VideoStream) -> list[str]:
    """Return what is odd about the chosen stream: others that might have been, and pixels that cannot be so wide."""
    texts = []
    if others := [stream for stream in _pictures(container) if stream.index != chosen.index]:
        texts.append(f"of several video streams {_shown(chosen)} is taken, not {', '.join(map(_shown, others))}")
    stated = chosen.sample_aspect_ratio or Fraction(1)
    if pixel_aspect(chosen) != stated:
        texts.append(f"pixels of {stated.numerator}:{stated.denominator} are taken for square: no camera has such")
    return texts


def pixel_aspect(stream: VideoStream) -> Fraction:
    """Return the width of a stream's pixels over their height; 1 if it states none, or one beyond 1:4 or 4:1."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return aspect if 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT else Fraction(1)


def _pictures(container: InputContainer) -> list[VideoStream]:
    cover = av.stream.Disposition.attached_pic
    return [stream for stream in container.streams.video if not (stream.disposition & cover or _is_text(stream))]


def _is_text(stream: Stream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in _TEXT_CODECS


def _is_still(stream: VideoStream) -> bool:
    """Whether a stream says that it has one frame: by a count, or as Matroska does by a tag "00:00:00.040000000"."""
    if duration := _DURATION.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = duration.groups()
        return Fraction(seconds) + 60 * int(minutes) + 3600 * int(hours) < 2 / (stream.average_rate or DEFAULT_RATE_FPS)
    return stream.frames == 1


def _shown(stream: VideoStream) -> str:
    return f"#{stream.index} ({stream.width} x {stream.height})"


def is_raw(container: InputContainer) -> bool:
    """Whether it is a raw stream, such as H.264 or MJPEG, whose frames have no times."""
    return bool(int(container.format.flags) & _NO_TIMESTAMPS) or container.format.name.endswith("_pipe")


def stated_rate(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return the frame rate that a file states, of a raw stream the bitstream. Unit: frames per second."""
    if not is_raw(container):
        return stream.average_rate or stream.guessed_rate
    rate = stream.codec_context.framerate
    return stream.guessed_rate if rate and rate > _MAX_RATE_FPS else rate
