"""A video file opened: its video stream, and that stream's frames as they are decoded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from i3d_edge.core.errors import NoVideoStreamError, VideoOpenError

# Smaller frames are decoded by one thread each: several videos at once, and inference, keep the other cores busy.
_THREADED_PX = 1280 * 720


def open_container(path: Path) -> InputContainer:
    """Open a file.

    Raises:
        VideoOpenError: If it is absent, or nothing that FFmpeg can open.
    """
    try:
        # With its protocol spelled out, a name with a colon is not taken for an address.
        return av.open(f"file:{path}", metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoOpenError(
            f"cannot open video {str(path)!r}: {_reason(error)}",
            hint="`ffprobe` on the same file shows more" if os.path.isfile(path) else None,
        ) from error


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the first video stream that is no cover picture.

    Raises:
        NoVideoStreamError: If there is none.
        VideoOpenError: If FFmpeg has no decoder for it.
    """
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        kinds = ", ".join(sorted(stream.type for stream in container.streams)) or "nothing"
        raise NoVideoStreamError(f"no video stream in {str(path)!r}; it holds {kinds}")
    if streams[0].codec_context is None:
        raise VideoOpenError(f"cannot decode video {str(path)!r}: FFmpeg does not know its codec")
    return streams[0]


class DecodedFrames:
    """Iterates over a stream's decoded frames, passing over what the decoder refuses."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self.num_errors = 0
        self.num_corrupt = 0

    def forget(self) -> None:
        """Count anew."""
        self.num_errors = self.num_corrupt = 0

    @property
    def has_damage(self) -> bool:
        """Whether anything was refused or marked so far."""
        return self.num_errors + self.num_corrupt > 0

    def __iter__(self) -> Iterator[VideoFrame]:
        context = self._stream.codec_context
        if context.width * context.height > _THREADED_PX:
            context.thread_type = "AUTO"
        else:
            context.thread_count = 1
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError, IndexError):  # IndexError: a stream that appears halfway
                self.num_errors += 1
                return
            try:
                for frame in packet.decode():
                    self.num_corrupt += bool(frame.is_corrupt)
                    yield frame
            except av.FFmpegError:
                self.num_errors += 1
