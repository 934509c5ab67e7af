"""A file's own clock: its frames' timestamps, read off its packets or off its decoded frames.

These clocks may jump ahead; `Timeline.filmed` leaves the gaps out.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from i3d_edge.runtime.frames.container import DEFAULT_RATE_FPS, stated_rate
from i3d_edge.runtime.frames.timeline import Timeline

_CONTAINERS_WITHOUT_TIMESTAMPS = {"avi"}
MAX_REORDERED = 32  # frames that times may be out of order by; codecs keep back 16 at most


def clock_of_packets(container: InputContainer, stream: VideoStream) -> Timeline | None:
    """Read the clock off the packets; None where they have none, or one that cannot be right."""
    if stream.time_base is None or container.format.name in _CONTAINERS_WITHOUT_TIMESTAMPS:
        return None
    durations: dict[int, int | None] = {}
    num_packets = 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                return None
            durations[packet.pts] = packet.duration
            num_packets += 1
    except (av.FFmpegError, OSError, IndexError):
        pass  # what was read so far counts; decoding reports what is missing
    if not durations or len(durations) != num_packets:
        return None
    as_read = list(durations)
    ticks = sorted(as_read)
    place = {tick: index for index, tick in enumerate(ticks)}
    if any(abs(place[tick] - index) > MAX_REORDERED for index, tick in enumerate(as_read)):
        return None  # it jumps back
    end_tick = ticks[-1] + (durations[ticks[-1]] or _step(ticks, container, stream))
    return Timeline(tuple(ticks), end_tick, stream.time_base)


def clock_of_frames(
    container: InputContainer, stream: VideoStream, decoded: Sequence[tuple[int | None, int | None]]
) -> tuple[Timeline, float]:
    """Make a clock of the presentation and decoding times of decoded frames, which come in display order.

    Return it, and how long a time the timestamps cover in seconds: another one, where they jump back.
    """
    assert stream.time_base is not None
    pts, dts = zip(*decoded, strict=True)
    # Where presentation times are absent or out of order, decoding times grow with the display order.
    best = pts if _num_breaks(pts) < max(1, _num_breaks(dts)) else dts
    step = _step(best, container, stream)
    ticks = continued(best, step)
    known = [tick for tick in (*pts, *dts) if tick is not None] or ticks
    covered_s = float((max(known) - min(known) + step) * stream.time_base)
    return Timeline(tuple(ticks), ticks[-1] + step, stream.time_base), covered_s


def continued(ticks: Sequence[int | None], step: int) -> list[int]:
    """Let a clock that stands still, jumps back or is silent for a while go on, by its usual step.

    A single time that does not lie between its neighbours' does not count; else a jump back moves what follows. Times
    are in display order, None where there is none.
    Example: Step 1: [1, 2, None, 4] -> [1, 2, 3, 4]; [10, 11, 3, 5] -> [10, 11, 12, 14]; [1, 2, 900, 4] -> [1, 2, 3,
    4].
    """
    going_on: list[int] = []
    shift = 0
    for index, tick in enumerate(ticks):
        if going_on and (tick is None or _is_outlier(ticks[index - 1 : index + 2])):
            going_on.append(going_on[-1] + step)
            continue
        tick = tick or 0
        if going_on and tick + shift <= going_on[-1]:
            shift = going_on[-1] + step - tick
        going_on.append(tick + shift)
    return going_on


def _is_outlier(ticks: Sequence[int | None]) -> bool:
    """Whether the second of three times does not lie between the others, though these are in order."""
    match ticks:
        case [int(before), int(tick), int(after)]:
            return before < after and not before < tick < after
    return False


def _num_breaks(ticks: Sequence[int | None]) -> int:
    """Count the times that are absent or not above the one before."""
    return sum(a is None or b is None or b <= a for a, b in pairwise(ticks)) + (ticks[0] is None)


def _step(ticks: Sequence[int | None], container: InputContainer, stream: VideoStream) -> int:
    """Return the usual step between some times; if no two show it, that of the stated rate."""
    steps = [b - a for a, b in pairwise(ticks) if a is not None and b is not None and b > a]
    if steps:
        return median_low(steps)
    assert stream.time_base is not None
    return max(1, round(1 / ((stated_rate(container, stream) or DEFAULT_RATE_FPS) * stream.time_base)))
