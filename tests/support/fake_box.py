"""A box that watches nothing: its cameras and events are what a test says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import cv2
import numpy as np
from starlette.testclient import TestClient

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.live.report import CameraReport, LaneReport, SourceState
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.prediction import top_k

Connect = Callable[..., TestClient]
"""Makes a client of a server; arguments are the server's."""

HOSTILE = '<img src=x onerror="document.title=1">'


class FakeEvent:
    """An event: its fields, and the attributes that a sink reads."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.type, self.label = fields["type"], fields.get("label")

    def to_fields(self) -> dict[str, Any]:
        return self.fields

    def to_json(self) -> str:
        return json.dumps(self.fields)


def event(
    kind: Literal["start", "update", "end", "gap"], event_id: str = "1-a", *, ago_s: float = 10, **fields: Any
) -> FakeEvent:
    """Return an event of the camera "door" that began some seconds ago."""
    now = datetime.now(UTC)
    action = {"id": event_id, "label": "red", "index": 0, "probability": 0.9, "severity": "detection"}
    end = now if kind in ("end", "gap") else None
    times = {"start_time": iso_time(now - timedelta(seconds=ago_s)), "end_time": iso_time(end)}
    return FakeEvent(**{"type": kind, "camera": "door", **(action if kind != "gap" else {}), **times, **fields})


@dataclass
class FakeBox:
    """Stands in for a `Box`."""

    engine: Engine
    is_ready: bool = True
    turned_s: float = field(default_factory=time.monotonic)
    reports: dict[str, CameraReport] = field(default_factory=dict)
    frames: dict[str, UInt8Array] = field(default_factory=dict)
    num_pictures: int = 0

    @classmethod
    def of(cls, engine: Engine) -> FakeBox:
        box = cls(engine)
        box.put("door", np.full((90, 160, 3), (200, 10, 10), np.uint8))
        return box

    @property
    def spec(self) -> Any:
        return self.engine.spec

    def put(
        self,
        camera: str,
        frame: UInt8Array | None = None,
        *,
        state: SourceState = "up",
        reason: str | None = None,
        regions: dict[str | None, WindowAnswer | None] | None = None,
    ) -> None:
        """Say what a camera shows."""
        regions = {None: self.answer()} if regions is None else regions
        counts = Statistics(0, num_windows=12, num_dropped=3, num_still=4)
        lanes = {name: LaneReport(counts, answer) for name, answer in regions.items()}
        self.reports[camera] = CameraReport(state, time.time(), reason, lanes)
        if frame is not None:
            self.frames[camera] = frame

    def answer(self, probabilities: Any = (0.7, 0.1, 0.1, 0.06, 0.04)) -> WindowAnswer:
        values = np.asarray(probabilities, np.float32)
        best = top_k(values, self.spec.labels, 5)
        return WindowAnswer(start_s=0, end_s=1, predictions=best, smoothed=best, probabilities=values, latency_ms=420.0)

    def cameras(self) -> dict[str, CameraReport]:
        return dict(self.reports)

    def picture(self, camera: str, width_px: int) -> UInt8Array | None:
        self.num_pictures += 1
        frame = self.frames.get(camera)
        if frame is None:
            return None
        height = round(frame.shape[0] * width_px / frame.shape[1])
        resized: UInt8Array = cv2.resize(frame, (width_px, height))
        return resized
