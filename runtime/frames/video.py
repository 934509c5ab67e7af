"""A video file: its clock, and its frames by index.

The clock comes from the packets' presentation timestamps, which costs no decoding. Where a container
has none that can be trusted (AVI), or where they do not fit the decoded frames, it comes from decoding
the file once. Frames are then asked for by index; the decoder seeks when the first of them lies far in.
Both shortcuts are checked against what is decoded, and there is a thorough way that takes neither.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Self

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import EmptyVideoError, I3DError, NoVideoStreamError, VideoDecodeError, VideoOpenError
from i3d_edge.core.text import plural, short_reason
from i3d_edge.runtime.frames.container import DEFAULT_RATE_FPS, is_raw, open_file, picture_stream, remarks, stated_rate
from i3d_edge.runtime.frames.decoder import FrameDecoder
from i3d_edge.runtime.frames.file_clock import MAX_REORDERED, clock_of_frames, clock_of_packets
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.rgb import RgbConverter
from i3d_edge.runtime.frames.timeline import Timeline

_SEEK_AFTER_S = 5.0
# Where a seek leads to damage, another one begins farther ahead; what is damaged even then is damaged in the file.
_LEADS_S = (0, 10)
_SETTLED_S = 5
_DURATION_TOLERANCE_S = 0.5
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


class ShortcutError(Exception):
    """What the packets promised, or what a seek led to, is not what the decoder gives: open `thorough`."""


@contextmanager
def one_of_many(name: str) -> Iterator[None]:
    """Let a failure that nobody foresaw, such as too little memory, cost one video a VideoDecodeError, and no other."""
    try:
        yield
    except (I3DError, ShortcutError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise VideoDecodeError(f"cannot use video {name!r}: {reason}") from error


@dataclass
class Video(FrameSource):
    """A video file whose clock is known; its timeline is without the gaps in that."""

    is_thorough: bool = False  # whether frames are always decoded from the start, because no timestamp leads to them
    clock: Timeline = field(kw_only=True)  # the file's own timestamps of the same frames

    @classmethod
    def open(cls, path: Path, *, frames_fps: Fraction | None = None, thorough: bool = False) -> Self:
        """Find out a file's clock.

        `frames_fps` is the rate of a raw stream, whose frames have no times. `thorough` takes the clock from the
        decoded frames, and decodes from the start, whatever the packets say.

        Raises:
            VideoOpenError: If the file is absent or nothing that FFmpeg can open.
            NoVideoStreamError: If it holds no video stream.
            EmptyVideoError: If no frame of it can be decoded.
        """
        with _open(path) as container:
            stream = _video_stream(container, path)
            said = remarks(container, stream)
            has_rate = stated_rate(container, stream) is not None
            is_timed = not is_raw(container)
            stated = _stated_duration_s(container, stream) if is_timed else None
            given_fps = None if is_timed else frames_fps
            clock = None if thorough or given_fps else clock_of_packets(container, stream)
        is_thorough = clock is None
        clock, covered_s = (clock, clock.duration_s) if clock else _decoded_clock(path, given_fps)
        timeline, left_out = clock.filmed()
        warnings = [*said, *_gap_warnings(left_out)]
        if abs(covered_s - clock.duration_s) > MAX_REORDERED / clock.mean_fps:
            warnings.append("timestamps jump back: frames are shown in the order in which they are decoded")
        if frames_fps != given_fps:
            warnings.append("the given frame rate is not used: the file has timestamps of its own")
        if not (is_timed or has_rate or given_fps) and timeline.num_frames > 1:
            warnings.append(f"the file states no frame rate: {DEFAULT_RATE_FPS} fps is assumed; --frames-fps gives it")
        video = cls(path, timeline, stated, warnings, clock=clock, is_thorough=is_thorough)
        if stated is not None and covered_s < stated - _DURATION_TOLERANCE_S:
            if _is_of_another_stream(path, stated):
                return replace(video, stated_duration_s=None)
            warnings.append(f"the file states {stated:.2f} s; only {covered_s:.2f} s can be read")
            video.has_damage = True
        if stated is not None:
            video.stated_duration_s = stated - max(0, covered_s - timeline.duration_s)
        return video

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Decode some frames, see `FrameSource.frames`; raises ShortcutError if packets lied, or a seek led astray."""
        for lead_s in self._leads(wanted[0]):
            with _open(self.path) as container:
                stream = _video_stream(container, self.path)
                decoding = FrameDecoder(container, stream)
                if lead_s is None:
                    yield from self._deliver(decoding, self._indexed(decoding), wanted)
                    return
                tick = self.clock.ticks[wanted[0]] - math.ceil(lead_s / self.clock.time_base)
                container.seek(max(tick, self.clock.ticks[0]), stream=stream, backward=True)
                indexed = self._indexed(decoding)
                first = self._lead_in(decoding, indexed, wanted[0])
                is_astray = not first or first[0][0] > wanted[0]
                if lead_s != _LEADS_S[-1] and (is_astray or decoding.has_damage):
                    continue
                if is_astray:
                    raise ShortcutError
                yield from self._deliver(decoding, chain(first, indexed), wanted)
                return

    def _leads(self, index: int) -> Sequence[int | None]:
        """Return how far before a frame decoding is to begin, one attempt after the other; None is the start."""
        distance = (self.timeline.ticks[index] - self.timeline.ticks[0]) * self.timeline.time_base
        return (None,) if self.is_thorough or distance <= _SEEK_AFTER_S else _LEADS_S

    def _lead_in(
        self, decoding: FrameDecoder, indexed: Iterator[tuple[int, VideoFrame]], index: int
    ) -> list[tuple[int, VideoFrame]]:
        """Decode up to a frame; return it, or the one after it, and the one before it.

        What a seek has left half decoded is reported as damage. By the time of the frame that is over, and forgotten.
        """
        settled = self.timeline.ticks[index] - math.ceil(_SETTLED_S / self.timeline.time_base)
        first: list[tuple[int, VideoFrame]] = []
        for item in indexed:
            if self.timeline.ticks[item[0]] < settled:
                decoding.forget()
            first = [*first[-1:], item]
            if item[0] >= index:
                break
        return first

    def _deliver(
        self, decoding: FrameDecoder, indexed: Iterable[tuple[int, VideoFrame]], wanted: Sequence[int]
    ) -> Iterator[tuple[int, UInt8Array]]:
        aspect = decoding.pixel_aspect if self.has_square_pixels else Fraction(1)
        to_rgb = RgbConverter(aspect, self.squeezed_px)
        shown = yield from self._filled(indexed, wanted, to_rgb)
        self._warn(decoding, shown)

    def _indexed(self, decoding: FrameDecoder) -> Iterator[tuple[int, VideoFrame]]:
        """Yield decoded frames with their indices: counted, or looked up by timestamp."""
        if self.is_thorough:
            yield from enumerate(decoding)
            return
        indices = {tick: index for index, tick in enumerate(self.clock.ticks)}
        last = -1
        for frame in decoding:
            index = indices.get(frame.pts, -1) if frame.pts is not None else -1
            if index <= last:
                raise ShortcutError
            last = index
            yield index, frame

    def _warn(self, decoding: FrameDecoder, frame: VideoFrame) -> None:
        self.has_damage |= decoding.has_damage
        if decoding.num_errors:
            self.warnings.append(f"the decoder reported {decoding.num_errors} error(s)")
        if decoding.num_corrupt:
            self.warnings.append(f"the decoder marked {decoding.num_corrupt} frame(s) as corrupt")
        if transfer := _HDR_TRANSFERS.get(int(frame.color_trc)):
            self.warnings.append(f"HDR ({transfer}) is not tone-mapped: colours are off")


def _open(path: Path) -> InputContainer:
    try:
        return open_file(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoOpenError(
            f"cannot open video {str(path)!r}: {short_reason(error)}",
            hint="`i3d info` says what it is, `ffprobe` shows more" if isinstance(error, av.FFmpegError) else None,
        ) from error


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    return picture_stream(container, f"video {str(path)!r}", absent=NoVideoStreamError, unreadable=VideoOpenError)


def _stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is None:
        return None
    return (container.duration - max(0, container.start_time or 0)) / av.time_base  # Matroska's counts from 0


def _decoded_clock(path: Path, rate_fps: Fraction | None) -> tuple[Timeline, float]:
    """Read the clock off the decoded frames, see `clock_of_frames`, or count them if their rate is given."""
    with _open(path) as container:
        stream = _video_stream(container, path)
        decoded = [(frame.pts, frame.dts) for frame in FrameDecoder(container, stream)]
        if not decoded:
            raise EmptyVideoError(f"no frame of video {str(path)!r} can be decoded")
        if rate_fps is None:
            return clock_of_frames(container, stream, decoded)
        counted = Timeline(tuple(range(len(decoded))), len(decoded), 1 / rate_fps)
        return counted, counted.duration_s


def _gap_warnings(left_out: dict[float, float]) -> list[str]:
    if not left_out:
        return []
    first_s, length_s = next(iter(left_out.items()))
    text = f"nothing was filmed for {length_s:.2f} s after the first {first_s:.2f} s: the timestamps jump"
    others = len(left_out) - 1
    return [
        f"{text}, and {plural(others, 'time')} more; gaps are left out" if others else f"{text}; the gap is left out"
    ]


def _is_of_another_stream(path: Path, stated_s: float) -> bool:
    """Whether a stated duration is that of sound or subtitles: Matroska states one of all streams."""
    with _open(path) as container:
        if _video_stream(container, path).duration is not None:
            return False
        others = [stream for stream in container.streams if stream.type in ("audio", "subtitle")]
        try:
            for packet in container.demux(others) if others else ():
                if packet.pts is None or packet.time_base is None:
                    continue
                end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                if end_s >= stated_s - _DURATION_TOLERANCE_S:
                    return True
        except (av.FFmpegError, OSError, IndexError):
            pass  # it is cut off
    return False
