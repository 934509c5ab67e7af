"""A video file's clock: read off its packets, or off its decoded frames."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from i3d_edge.core.errors import EmptyVideoError
from i3d_edge.runtime.frames.container import DecodedFrames, open_container, video_stream
from i3d_edge.runtime.frames.timeline import Timeline

DURATION_TOLERANCE_S = 0.5
_DEFAULT_RATE_FPS = Fraction(25)


def stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Return how long the container says that the picture lasts, or None if it says nothing."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def is_of_another_stream(path: Path, stated_s: float) -> bool:
    """Whether a stated duration is that of sound or subtitles, which are read to their end.

    Matroska states one duration, of all streams. A picture that ends earlier need not be cut off.
    """
    with open_container(path) as container:
        if video_stream(container, path).duration is not None:
            return False
        others = [stream for stream in container.streams if stream.type in ("audio", "subtitle")]
        try:
            for packet in container.demux(others) if others else ():
                if packet.pts is None or packet.time_base is None:
                    continue
                end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                if end_s >= stated_s - DURATION_TOLERANCE_S:
                    return True
        except (av.FFmpegError, OSError, IndexError):
            pass  # it is cut off
    return False


def _frame_rate(stream: VideoStream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or _DEFAULT_RATE_FPS


def timeline_of_packets(container: InputContainer, stream: VideoStream) -> Timeline | None:
    """Read the clock off the packets; None where they have none, or one that cannot be right."""
    if stream.time_base is None:
        return None
    ticks = []
    last_tick, last_duration = -1, None
    try:
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                return None
            ticks.append(packet.pts)
            if packet.pts > last_tick:
                last_tick, last_duration = packet.pts, packet.duration
    except (av.FFmpegError, OSError, IndexError):
        pass  # what was read so far counts; decoding reports what is missing
    if not ticks or len(set(ticks)) != len(ticks):
        return None
    return _timeline(sorted(ticks), last_duration, stream)


def timeline_of_frames(path: Path) -> Timeline:
    """Read the clock off the decoded frames, which come in display order."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        decoded = [(frame.pts, frame.dts) for frame in DecodedFrames(container, stream)]
        if not decoded:
            raise EmptyVideoError(f"no frame of video {str(path)!r} can be decoded")
        ticks = [pts for pts, _ in decoded if pts is not None]
        if len(ticks) != len(decoded) or any(a >= b for a, b in pairwise(ticks)):
            # Presentation times are absent or out of order; decoding times grow with the display order.
            ticks = _evenly([dts for _, dts in decoded], _ticks_per_frame(stream))
        return _timeline(ticks, None, stream)


def _evenly(ticks: Sequence[int | None], step: int) -> list[int]:
    """Fill in what is absent or does not grow with a step from the one before.

    Example:
        [1, 2, None, 3] with step 1 -> [1, 2, 3, 4].
    """
    filled: list[int] = []
    for tick in ticks:
        if filled and (tick is None or tick <= filled[-1]):
            tick = filled[-1] + step
        filled.append(tick if tick is not None else 0)
    return filled


def _ticks_per_frame(stream: VideoStream) -> int:
    assert stream.time_base is not None
    return max(1, round(1 / (_frame_rate(stream) * stream.time_base)))


def _timeline(ticks: list[int], last_duration: int | None, stream: VideoStream) -> Timeline:
    assert stream.time_base is not None
    return Timeline(tuple(ticks), ticks[-1] + (last_duration or _ticks_per_frame(stream)), stream.time_base)
