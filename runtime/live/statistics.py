"""Statistics of a stream, in constant memory."""

from collections import deque
from dataclasses import dataclass, field

from i3d_edge.core.processor import resident_mib
from i3d_edge.core.text import plural
from i3d_edge.core.timing import percentiles
from i3d_edge.runtime.live.event import EventType

_NUM_LATENCIES = 1000


@dataclass
class Statistics:
    """What happened since a stream began: frames that were decoded, windows that were answered, and what came of it."""

    started_s: float  # on the monotonic clock
    num_frames: int = 0
    num_windows: int = 0
    num_dropped: int = 0  # replaced by newer ones because inference fell behind
    num_still: int = 0  # answered without being shown to the model, because nothing moved
    num_started: int = 0
    num_ended: int = 0
    num_gaps: int = 0
    num_waiting: int = 0
    num_damaged: int = 0  # decoding errors
    stream_s: float = 0.0  # where the last frame ends
    hop_frames: int = 0
    # From the arrival of a window's last frame to its answer, of the last 1,000.
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_NUM_LATENCIES))
    longest_ms: float = 0.0  # of all

    def answered(self, latency_ms: float) -> None:
        """Count an answer, with its latency."""
        self.num_windows += 1
        self.latencies_ms.append(latency_ms)
        self.longest_ms = max(self.longest_ms, latency_ms)

    def told(self, kind: EventType) -> None:
        """Count an event."""
        self.num_started += kind == "start"
        self.num_ended += kind == "end"
        self.num_gaps += kind == "gap"

    def summary(self, now_s: float) -> str:
        """Return one line about the time from the beginning until `now_s`, on the monotonic clock."""
        elapsed_s = now_s - self.started_s
        parts = [
            f"{self.stream_s:.1f} s of stream in {elapsed_s:.1f} s: {plural(self.num_frames, 'frame')}",
            f"{plural(self.num_windows, 'window')} ({self.num_windows / max(elapsed_s, 1e-9):.2f} windows/s)",
            f"{self.num_dropped} dropped, {self.num_waiting} waiting, hop {self.hop_frames}",
        ]
        if self.latencies_ms:
            p50, p95 = percentiles(self.latencies_ms, 50, 95)
            parts.append(f"latency p50 {p50:.0f} p95 {p95:.0f} max {self.longest_ms:.0f} ms")
        parts.append(f"{resident_mib():.0f} MiB")
        parts.append(f"{plural(self.num_started, 'action')} started, {self.num_ended} ended")
        parts.append(plural(self.num_gaps, "gap"))
        if self.num_damaged:
            parts.append(plural(self.num_damaged, "decoding error"))
        return ", ".join(parts)
