"""What all sources of frames have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.frames.timeline import Timeline


class FrameSource(Protocol):
    """Frames with a clock: a `Video`, an `ImageSequence`, or a `ClipArray`."""

    path: Path
    timeline: Timeline
    stated_duration_s: float | None
    warnings: list[str]
    has_damage: bool
    is_cropped: bool  # whether its frames have the network's size already, and are taken as they are

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Yield wanted frames by their index, in order; see `Video.frames`."""
