"""A stream's frames, decoded one after the other."""

from collections.abc import Iterator

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from i3d_edge.runtime.frames.container import pixel_aspect

# Smaller frames are decoded by one thread each: several videos at once, and inference, keep the other cores busy.
_THREADED_PX = 1280 * 720


class FrameDecoder:
    """Iterates over a stream's decoded frames, passing over what the decoder refuses."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self.pixel_aspect = pixel_aspect(stream)  # width over height
        self.num_errors = 0  # times that the decoder refused something
        self.num_corrupt = 0  # frames that it marked as damaged

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
