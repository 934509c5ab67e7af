"""Figures of cameras, for those who watch them from afar."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from i3d_edge.core.timing import percentiles
from i3d_edge.runtime.live.statistics import Statistics


class Figures:
    """Turns statistics into figures, each frame rate since the time before."""

    def __init__(self) -> None:
        self._taken_s = time.monotonic()
        self._frames: dict[str, int] = {}

    def take(self, cameras: Mapping[str, Sequence[Statistics]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return the figures of all cameras together, and of each by name, from those of their regions."""
        now_s = time.monotonic()
        elapsed_s, self._taken_s = max(now_s - self._taken_s, 1e-9), now_s
        # All regions of a camera look at the same frames; a camera that came anew counts from 0.
        frames = {name: max((lane.num_frames for lane in lanes), default=0) for name, lanes in cameras.items()}
        rates = {name: max(0, number - self._frames.get(name, 0)) / elapsed_s for name, number in frames.items()}
        self._frames = frames
        each = {name: _figures(lanes, rates[name]) for name, lanes in cameras.items()}
        return _figures([lane for lanes in cameras.values() for lane in lanes], sum(rates.values())), each


def _figures(lanes: Sequence[Statistics], rate_fps: float) -> dict[str, Any]:
    latencies = [latency for lane in lanes for latency in lane.latencies_ms.copy()]  # others append meanwhile
    p50, p95 = (round(value, 1) for value in percentiles(latencies, 50, 95)) if latencies else (None, None)
    return {
        "windows": sum(lane.num_windows for lane in lanes),
        "dropped": sum(lane.num_dropped for lane in lanes),
        "latency_p50_ms": p50,
        "latency_p95_ms": p95,
        "fps": round(rate_fps, 2),
    }
