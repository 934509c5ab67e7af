"""What a model says of a video."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from i3d_edge.core.arrays import Float32Array, FloatArray
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.schema import Positive, check_arguments
from i3d_edge.runtime.views.flow import FlowCost


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class and its probability in [0, 1]."""

    label: str
    index: int
    prob: float

    def to_fields(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"label": self.label, "index": self.index, "prob": round(self.prob, 6)}


@dataclass(frozen=True, slots=True)
class View:
    """One network run: where in the video it looked, and what it said.

    Attributes:
        start_s: Time of the clip's first sample, from the video's first frame.
        end_s: Where its last sample's time ends.
        probabilities: Shape (num_classes,), float32, summing to 1.
        clip: Which temporal position, from 0.
        crop: Which spatial position, from 0.
        extras: What else the model was asked for, see `Answer`.
    """

    start_s: float
    end_s: float
    probabilities: Float32Array = field(compare=False, repr=False)
    clip: int = 0
    crop: int = 0
    extras: Mapping[str, Float32Array] = field(default_factory=dict, compare=False, repr=False)

    def to_fields(self, labels: LabelSet | None = None) -> dict[str, Any]:
        """Return it as plain JSON values; with labels, its place among others and its best class too."""
        span = {"start_s": round(self.start_s, 6), "end_s": round(self.end_s, 6)}
        if labels is None:
            return span
        [best] = top_k(self.probabilities, labels, 1)
        return {**span, "clip": self.clip, "crop": self.crop, "top1": best.to_fields()}


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one video.

    Attributes:
        predictions: Best first.
        views: One per network run; probabilities are their average.
        duration_s: Of the video.
        num_frames: Source frames of the video.
        mean_fps: Source frames per second, on average.
        warnings: What a user should know of the file.
        flow: What computing optical flow took, for a model that takes it.
        none_of_these: Whether the best class is less probable than the model's answers must be, see
            `ModelSpec.none_below`; None for a model without such a bound.
    """

    predictions: tuple[Prediction, ...]
    views: tuple[View, ...]
    duration_s: float
    num_frames: int
    mean_fps: float
    warnings: tuple[str, ...]
    flow: FlowCost | None = field(default=None, compare=False)
    none_of_these: bool | None = None

    def to_fields(self, labels: LabelSet | None = None) -> dict[str, Any]:
        """Return the answer as plain JSON values; with the model's labels, several views say more of themselves."""
        fields = {
            "predictions": [item.to_fields() for item in self.predictions],
            "views": [view.to_fields(labels if len(self.views) > 1 else None) for view in self.views],
            "duration_s": round(self.duration_s, 6),
            "num_frames": self.num_frames,
            "mean_fps": round(self.mean_fps, 6),
            "warnings": list(self.warnings),
        }
        if self.none_of_these is not None:
            fields["none_of_these"] = self.none_of_these
        if self.flow is not None:
            fields["flow"] = {**asdict(self.flow), "seconds": round(self.flow.seconds, 6)}
        return fields


def top_k(probabilities: FloatArray, labels: LabelSet, k: Positive) -> tuple[Prediction, ...]:
    """Return the k most probable classes, of shape (num_classes,), best first; equal ones in index order.

    Raises ArgumentError if `k` is less than 1.
    """
    check_arguments(top_k, k=k)
    order = np.argsort(-probabilities, kind="stable")[:k]
    return tuple(Prediction(labels.names[index], int(index), float(probabilities[index])) for index in order)
