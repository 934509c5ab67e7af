"""Statistics of a stream: counts, and latencies in constant memory."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from i3d_edge.core.processor import resident_mib
from i3d_edge.core.text import plural
from i3d_edge.runtime.live.event import EventType

_GROWTH = 1.02


class Latencies:
    """Percentiles of times, exact to 2 %, in memory that does not grow: counts in bins that grow by 2 %."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.num = 0
        self.max_ms = 0.0

    def add(self, milliseconds: float) -> None:
        """Take one."""
        self._bins[math.floor(math.log(max(milliseconds, 0.001), _GROWTH))] += 1
        self.num += 1
        self.max_ms = max(self.max_ms, milliseconds)

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile; 0 if there are no times."""
        remaining = math.ceil(self.num * percent / 100)
        for index in sorted(self._bins):
            remaining -= self._bins[index]
            if remaining <= 0:
                return min(self.max_ms, _GROWTH ** (index + 1))
        return self.max_ms


@dataclass
class Statistics:
    """What happened since a stream began.

    Attributes:
        started_s: On the monotonic clock.
        num_frames: Source frames that were decoded.
        num_windows: Windows that were answered.
        num_dropped: Windows replaced by newer ones because inference fell behind.
        num_started, num_ended: Actions.
        num_gaps: Missing parts of the stream.
        num_waiting: Windows that wait now.
        num_damaged: Decoding errors.
        stream_s: Stream time of the last answer's end.
        hop_frames: The step between windows now.
        latencies: From the arrival of a window's last frame to its answer.
    """

    started_s: float
    num_frames: int = 0
    num_windows: int = 0
    num_dropped: int = 0
    num_started: int = 0
    num_ended: int = 0
    num_gaps: int = 0
    num_waiting: int = 0
    num_damaged: int = 0
    stream_s: float = 0.0
    hop_frames: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    _reported: tuple[float, int] | None = None

    @property
    def reported_s(self) -> float:
        """When the last line was made, or the stream began."""
        return self._reported[0] if self._reported else self.started_s

    def answered(self, end_s: float, latency_ms: float) -> None:
        """Count an answer, with the end of its window and its latency."""
        self.num_windows += 1
        self.stream_s = end_s
        self.latencies.add(latency_ms)

    def told(self, kind: EventType) -> None:
        """Count an event."""
        self.num_started += kind == "start"
        self.num_ended += kind == "end"
        self.num_gaps += kind == "gap"

    def line(self, now_s: float) -> str:
        """Return one line about the time since the last such line."""
        since_s, num_before = self._reported or (self.started_s, 0)
        self._reported = (now_s, self.num_windows)
        return f"{self.stream_s:.1f} s: {_rate(self.num_windows - num_before, now_s - since_s)}, {self._rest()}"

    def summary(self, now_s: float) -> str:
        """Return one line about all of it."""
        elapsed_s = now_s - self.started_s
        return (
            f"{self.stream_s:.1f} s of stream in {elapsed_s:.1f} s: {plural(self.num_frames, 'frame')}, "
            f"{plural(self.num_windows, 'window')} ({_rate(self.num_windows, elapsed_s)}), {self._rest()}, "
            f"{plural(self.num_started, 'action')} started, {self.num_ended} ended, {plural(self.num_gaps, 'gap')}"
            + (f", {plural(self.num_damaged, 'decoding error')}" if self.num_damaged else "")
        )

    def _rest(self) -> str:
        parts = [f"{self.num_dropped} dropped", f"{self.num_waiting} waiting", f"hop {self.hop_frames}"]
        if self.latencies.num:
            p50, p95 = self.latencies.percentile_ms(50), self.latencies.percentile_ms(95)
            parts.append(f"latency p50 {p50:.0f} p95 {p95:.0f} max {self.latencies.max_ms:.0f} ms")
        parts.append(f"{resident_mib():.0f} MiB")
        return ", ".join(parts)


def _rate(number: int, seconds: float) -> str:
    return f"{number / max(seconds, 1e-9):.2f} windows/s"
