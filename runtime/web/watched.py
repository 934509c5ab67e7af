"""What is asked of the box that watches cameras, from any thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live.report import CameraReport


class Receiver(Protocol):
    """What delivers events to elsewhere."""

    @property
    def num_waiting(self) -> int:
        """Events that wait."""

    @property
    def num_lost(self) -> int:
        """Events that will never arrive."""


class Watched(Protocol):
    """The box."""

    @property
    def spec(self) -> ModelSpec:
        """The model's."""

    @property
    def engine(self) -> Engine:
        """The model, compiled."""

    @property
    def is_ready(self) -> bool:
        """Whether every camera was tried."""

    @property
    def turned_s(self) -> float:
        """When a turn was last finished, also one without work, on the monotonic clock."""

    def cameras(self) -> Mapping[str, CameraReport]:
        """Return a report of each camera."""

    def picture(self, camera: str, width_px: int) -> UInt8Array | None:
        """Return a camera's newest frame, shape (H, W, 3), RGB, resized; None if there is none."""
