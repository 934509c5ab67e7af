"""The model's answer for one window of a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from i3d_edge.core.arrays import Float32Array
from i3d_edge.runtime.prediction import Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAnswer:
    """The model's answer for one window.

    Attributes:
        type: Always "window".
        start_s, end_s: The window's span of stream time.
        predictions: Best first, of this window alone.
        smoothed: Best first, of the probabilities that events are found in.
        probabilities: All of this window, shape (num_classes,), float32.
        latency_ms: From the arrival of the window's last frame to this answer.
        inference_ms: How long the model took of it.
    """

    type: Literal["window"] = "window"
    start_s: float
    end_s: float
    predictions: tuple[Prediction, ...]
    smoothed: tuple[Prediction, ...]
    probabilities: Float32Array = field(compare=False, repr=False)
    latency_ms: float
    inference_ms: float

    def to_json(self) -> str:
        """Return the answer as one line of JSON."""
        fields: dict[str, Any] = {"start_s": round(self.start_s, 3), "end_s": round(self.end_s, 3)}
        for name, items in (("predictions", self.predictions), ("smoothed", self.smoothed)):
            fields[name] = [item.to_fields() for item in items]
        return json.dumps({**fields, "latency_ms": round(self.latency_ms, 3)}, ensure_ascii=False)
