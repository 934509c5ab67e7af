"""Onsets: when windowed and continuous answers say that actions begin."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.i3d_spec import FRAME_RATE_FPS
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.answer import SmoothedAnswer
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.smoothing import smoothing_named
from i3d_edge.runtime.prediction import top_k


def events(probabilities: Float32Array, num_frames: int, hop: int) -> list[Event]:
    """Return the ends of all actions that a stream's default options find, in the order of their starts.

    Args:
        probabilities: Of windows, shape (windows, num_classes).
        num_frames: In a window.
        hop: Frames from one window to the next.
    """
    options = StreamOptions()
    smoothing = smoothing_named(options.smoothing)
    labels, hysteresis = LabelSet("classes", tuple(map(str, range(probabilities.shape[1])))), Hysteresis(options)
    found = []
    for number, answer in enumerate(probabilities):
        start_s, end_s = (float(frame / FRAME_RATE_FPS) for frame in (number * hop, number * hop + num_frames))
        smoothed = top_k(smoothing.update(end_s, answer), labels, len(labels))
        found += hysteresis.update(SmoothedAnswer(start_s=start_s, end_s=end_s, smoothed=smoothed, latency_ms=0.0))
    found += hysteresis.close()
    return sorted((event for event in found if event.type == "end"), key=lambda event: event.start_s)


def matched(events: Iterable[Event], others: Iterable[Event]) -> list[tuple[Event, Event]]:
    """Return pairs of events of one class that overlap, each in one pair at most: by the nearest starts."""
    candidates = [(one, other) for one, other in product(events, others) if _are_alike(one, other)]
    pairs: list[tuple[Event, Event]] = []
    for pair in sorted(candidates, key=lambda pair: abs(pair[0].start_s - pair[1].start_s)):
        if not any(pair[0] is one or pair[1] is other for one, other in pairs):
            pairs.append(pair)
    return pairs


def _are_alike(event: Event, other: Event) -> bool:
    assert event.end_s is not None  # both have ended
    assert other.end_s is not None
    return event.index == other.index and event.start_s < other.end_s and other.start_s < event.end_s
