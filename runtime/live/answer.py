"""The model's answer for one window of a stream."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from i3d_edge.core.arrays import Float32Array
from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.prediction import Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothedAnswer:
    """What events are found in. All of it is recorded, and exactly, so that they can be found again.

    Attributes:
        type: Always "window".
        camera, region, source: As in an `Event`.
        begins: Whether it is the first of its stream.
        start_s, end_s: The window's span of stream time, to three digits.
        end_time: The end on the wall clock; None unless the source is live.
        smoothed: Best first, to six digits; the classes that can be part of an event at least.
        left_out: Of the classes that are not among them, the highest smoothed probability.
        latency_ms: From the arrival of the window's last frame to this answer, to three digits.
    """

    type: Literal["window"] = "window"
    camera: str | None = None
    region: str | None = None
    source: str = ""
    begins: bool = False
    start_s: float
    end_s: float
    end_time: datetime | None = None
    smoothed: tuple[Prediction, ...]
    left_out: float = 1.0
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAnswer(SmoothedAnswer):
    """The model's answer for one window.

    Attributes:
        predictions: Best first, of this window alone.
        probabilities: All of this window, shape (num_classes,), float32.
        inference_ms: How long the model took.
    """

    predictions: tuple[Prediction, ...]
    probabilities: Float32Array = field(compare=False, repr=False)
    inference_ms: float = 0.0

    def to_json(self) -> str:
        """Return the answer as one line of JSON."""
        fields: dict[str, Any] = {"type": self.type, "camera": self.camera}
        fields |= {"region": self.region} if self.region is not None else {}
        fields |= {"source": self.source, "begins": self.begins}
        fields |= {"start_s": round(self.start_s, 3), "end_s": round(self.end_s, 3)}
        fields |= {"end_time": iso_time(self.end_time)} if self.end_time is not None else {}
        for name, items in (("predictions", self.predictions), ("smoothed", self.smoothed)):
            fields[name] = [item.to_fields() for item in items]
        fields |= {"left_out": round(self.left_out, 6), "latency_ms": round(self.latency_ms, 3)}
        return json.dumps(fields, ensure_ascii=False)
