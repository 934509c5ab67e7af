"""One connection to a live source: opened once, and read until it ends, breaks off or stops delivering."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from i3d_edge.core.errors import StreamError, StreamOpenError, StreamTimeoutError
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.frames import container
from i3d_edge.runtime.frames.rgb import RgbConverter
from i3d_edge.runtime.live.address import Address, camera_error
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.tap import Tap

_ANALYZE_US = 2_000_000  # FFmpeg's 5 s of looking at a network stream would all pass before its first frame
_MAX_UNDATED = 10
_FORMATS_OUT_OF_ORDER = {"avi"}  # presentation times are guessed there; decoding times are right
_FORMATS_WITHOUT_LENGTH = {"dash", "hls", "mpjpeg"}  # a server states that of the playlist, or none that is true


class TransientError(Exception):
    """An error that another attempt may not meet."""

    def __init__(self, error: StreamError) -> None:
        super().__init__(str(error))
        self.error = error


class Connection:
    """An open source.

    Attributes:
        is_endless: Whether it goes on until it breaks: a camera, RTSP, or an HTTP stream that states no length.
        remarks: What is odd about its picture, for the user.
        frame_duration: As the source states it, in seconds.
        waited_s: How long it waited for the source so far.
    """

    def __init__(self, address: Address, options: StreamOptions) -> None:
        """Open a source; raises TransientError if another attempt may succeed, StreamError if none will."""
        self._address, self._options = address, options
        self._tap: Tap | None = None
        self._container = _open(address, options)
        # A container may state a duration, or the server how many bytes it sends.
        has_size = self._container.size > 0 and self._container.format.name not in _FORMATS_WITHOUT_LENGTH
        has_length = has_size or self._container.duration is not None
        self.is_endless = address.kind in ("camera", "rtsp") or (address.kind == "http" and not has_length)
        try:
            self._stream = container.picture_stream(
                self._container, f"stream {address.shown!r}", absent=StreamOpenError, unreadable=StreamOpenError
            )
        except StreamOpenError as error:
            self._container.close()
            if self.is_endless:  # cameras come back with sound alone at first
                raise TransientError(error) from error
            raise
        self.remarks = container.remarks(self._container, self._stream)
        self._is_raw = container.is_raw(self._container)
        given_fps = options.frames_fps if self._is_raw else None
        self._has_timestamps = not self._is_raw or (address.kind == "file" and not given_fps)
        self._is_out_of_order = self._container.format.name in _FORMATS_OUT_OF_ORDER
        stated_fps = container.stated_rate(self._container, self._stream)
        self.frame_duration = 1 / (given_fps or stated_fps or container.DEFAULT_RATE_FPS)
        self.num_errors = self._num_packets = 0
        self.waited_s = 0.0
        self.to_rgb = RgbConverter(container.pixel_aspect(self._stream))
        self._stream.thread_type = "AUTO"
        if self.is_endless:
            self._stream.codec_context.thread_count = options.decoder_threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._container.close()

    def show(self, tap: Tap) -> None:
        """Show all that follows to a tap; its marks are the `opaque` of the frames."""
        self._tap = tap
        self._stream.codec_context.copy_opaque = True
        tap.opened(self._stream)

    def frames(self) -> Iterator[tuple[VideoFrame, Fraction | None] | None]:
        """Yield the frames as they come, until the source ends, each with the source's own time in seconds, or None.

        None alone stands for what is no frame, such as sound. Raises TransientError if it breaks off, or is silent.
        """
        packets = self._container.demux(*([] if self.is_endless else [self._stream]))
        broken: TransientError | None = None
        num_undated = 0
        last_frame_s = time.monotonic()
        while True:
            packet: Packet[Any] | None = None
            started_s = time.monotonic()
            try:
                packet = next(packets)
            except (StopIteration, av.EOFError):
                return
            except (av.FFmpegError, OSError, IndexError) as error:
                broken = self._broken(error, time.monotonic() - started_s)
                broken.__cause__ = error
            self.waited_s += time.monotonic() - started_s
            self._num_packets += 1
            for frame in self._decoded(packet):
                self.num_errors += bool(frame.is_corrupt)
                pts = self._pts(frame)
                if pts is None and not self._is_raw and num_undated < _MAX_UNDATED:
                    num_undated += 1  # FFmpeg's RTSP gives the first frames none
                    continue
                num_undated = _MAX_UNDATED
                yield frame, pts
                last_frame_s = time.monotonic()
            if broken is not None:
                raise broken
            if self.is_endless and time.monotonic() - last_frame_s > self._options.read_timeout_s:
                # FFmpeg's own time-out is for each read: sound, or pictures that do not decode, would go on for ever.
                raise TransientError(silence_error(self._address, self._options, but=", but goes on sending"))
            yield None

    def _decoded(self, packet: Packet[Any] | None) -> list[VideoFrame]:
        """Return the frames that a packet completes; without one, those that the decoder still holds."""
        if packet is not None and packet.stream.index != self._stream.index:
            return []
        if self._tap is not None and packet is not None and packet.size:
            packet.opaque = self._tap.sent(packet)
        try:
            return self._stream.decode(packet)
        except av.FFmpegError:
            self.num_errors += 1
            return []

    def _pts(self, frame: VideoFrame) -> Fraction | None:
        ticks = frame.dts if self._is_out_of_order else frame.pts
        if not self._has_timestamps or ticks is None or frame.time_base is None:
            return None
        return ticks * frame.time_base

    def _broken(self, error: Exception, waited_s: float) -> TransientError:
        limit_s = self._options.read_timeout_s
        if isinstance(error, av.ExitError) or waited_s >= 0.9 * limit_s:
            return TransientError(silence_error(self._address, self._options))
        is_lost = getattr(error, "errno", None) == errno.EIO
        if is_lost and not self._num_packets and self._address.kind == "http" and "mp4" in self._container.format.name:
            return TransientError(
                StreamOpenError(
                    f"cannot read stream {self._address.shown!r}: this MP4 has its index at the end, and the server "
                    "does not send parts of a file",
                    hint="move the index to the front: `ffmpeg -i IN.mp4 -c copy -movflags faststart OUT.mp4`",
                )
            )
        reason = "the connection was lost" if is_lost else short_reason(error)
        return TransientError(StreamOpenError(f"cannot read stream {self._address.shown!r}: {reason}"))


def silence_error(address: Address, options: StreamOptions, *, but: str = "") -> StreamTimeoutError:
    """Return the error for a source whose next frame does not arrive; `but` says what does."""
    return StreamTimeoutError(
        f"stream {address.shown!r} delivered no frame for {options.read_timeout_s:g} s{but}",
        hint="--read-timeout allows more",
    )


def no_answer_error(address: Address, options: StreamOptions) -> StreamTimeoutError:
    """Return the error for a source that does not open in time."""
    return StreamTimeoutError(
        f"stream {address.shown!r} did not answer within {options.open_timeout_s:g} s",
        hint="--open-timeout allows more",
    )


def _open(address: Address, options: StreamOptions) -> InputContainer:
    ffmpeg = container.file_options().copy() if address.kind == "pipe" else {}
    if address.kind in ("rtsp", "http"):
        ffmpeg["analyzeduration"] = str(_ANALYZE_US)
    if address.kind == "rtsp":
        ffmpeg["rtsp_transport"] = options.rtsp_transport
    started_s = time.monotonic()
    try:
        decoder = options.hardware_decoder
        hardware = None if decoder is None else HWAccel(device_type=decoder, allow_software_fallback=False)
        timeout = (options.open_timeout_s, options.read_timeout_s)
        if address.kind == "file":
            return container.open_file(Path(address.target), timeout=timeout, hwaccel=hardware)
        return av.open(
            address.target,
            format="v4l2" if address.kind == "camera" else None,
            options=ffmpeg,
            timeout=timeout,
            metadata_errors="replace",
            hwaccel=hardware,
        )
    except RuntimeError as error:  # no device, or none that decodes this stream
        raise _hardware_error(address, options, short_reason(error)) from error
    except (av.FFmpegError, OSError, ValueError) as error:
        if options.hardware_decoder is not None and getattr(error, "errno", None) == errno.EPERM:
            raise _hardware_error(address, options, short_reason(error)) from error
        waited_s = time.monotonic() - started_s
        # FFmpeg's error repeats the address, with its password.
        raise _open_error(address, options, error, waited_s) from (error if address.shown == address.target else None)


def _hardware_error(address: Address, options: StreamOptions, reason: str) -> StreamOpenError:
    return StreamOpenError(
        f"cannot decode stream {address.shown!r} on {options.hardware_decoder!r}: {reason}",
        hint="leave out --hardware-decoder to decode on the CPU; this FFmpeg knows " + ", ".join(hwdevices_available()),
    )


def _open_error(
    address: Address, options: StreamOptions, error: Exception, waited_s: float
) -> StreamError | TransientError:
    if address.kind == "camera" and isinstance(error, OSError):
        return camera_error(address.target, error)
    if address.kind not in ("file", "pipe") and waited_s >= 0.9 * options.open_timeout_s:
        return TransientError(no_answer_error(address, options))
    opening = StreamOpenError(f"cannot open stream {address.shown!r}: {short_reason(error)}")
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        opening.hint = "put user and password into the address: rtsp://USER:PASSWORD@HOST/..."
        return opening
    is_final = isinstance(error, av.InvalidDataError | av.HTTPNotFoundError | av.ProtocolNotFoundError)
    return opening if is_final or address.kind in ("file", "pipe") else TransientError(opening)
