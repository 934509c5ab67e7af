"""Class activation maps: how much each place and moment of a clip speaks for a class.

After its last convolution I3D only averages and adds up, so a class's logit is a sum over the positions of the feature
map. The map is that sum before it is taken: no approximation.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import ArgumentError, VideoError
from i3d_edge.core.files import staged
from i3d_edge.runtime.classifier import MOST_FEATURE_MAPS_BYTES, VideoClassifier
from i3d_edge.runtime.inference.head import position_shares
from i3d_edge.runtime.prediction import Classification, View
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import ViewPlan


@dataclass(frozen=True)
class Explanation:
    """Where and when a network saw a class in a video."""

    label: str
    bias: float  # of the class: its logit if nothing were seen
    views: tuple[View, ...]
    maps: tuple[Float32Array, ...]  # of each view, see `activation_map`
    duration_s: float  # of the video
    plan: ViewPlan  # by which the views were cut

    @property
    def logit(self) -> float:
        """Of the class, on average over the views."""
        return self.bias + self.evidence(+1) + self.evidence(-1)

    @cached_property
    def peak(self) -> float:
        """The largest absolute value in any map."""
        return max(float(np.abs(own).max()) for own in self.maps)

    @property
    def seen_s(self) -> tuple[float, float]:
        """Where the first view begins and the last one ends, within the video."""
        return min(view.start_s for view in self.views), min(self.duration_s, max(view.end_s for view in self.views))

    def evidence(self, sign: int) -> float:
        """Return what speaks for the class (+1) or against it (-1), on average over the views."""
        return float(np.mean([sign * (sign * own.astype(np.float64)).clip(0).sum() for own in self.maps]))

    def at(self, time_s: float) -> list[tuple[int, Float32Array]]:
        """Return crop and map, shape (H, W), of each view that shows a moment, interpolated between its time steps.

        A view that repeats a short video shows a moment several times.
        """
        found = []
        for view, own in zip(self.views, self.maps, strict=True):
            for moment_s in np.arange(time_s, view.end_s, self.duration_s):
                if moment_s >= view.start_s:
                    place = (moment_s - view.start_s) / (view.end_s - view.start_s) * len(own) - 0.5
                    before, share = divmod(np.float32(place.clip(0, len(own) - 1)), 1)
                    after = own[min(int(before) + 1, len(own) - 1)]
                    found.append((view.crop, (1 - share) * own[int(before)] + share * after))
        return found

    def write(self, output: Path, *, force: bool = False) -> None:
        """Write the maps, shape (views, T, H, W), float32, as an .npy, and a .json beside it; may raise OutputError."""
        views = [{**view.to_fields(), "clip": view.clip, "crop": view.crop} for view in self.views]
        fields = {"label": self.label, "bias": self.bias, "logit": self.logit, "views": views}
        with staged(output, force=force) as temporary:
            np.save(temporary, np.stack(self.maps))
            temporary.with_suffix(".json").write_text(json.dumps(fields, indent=2), encoding="utf-8")


def explain(
    answer: Classification, classifier: VideoClassifier, views: ViewOptions | None = None, label: str | None = None
) -> Explanation:
    """Return where and when a class, or else the best one, was seen.

    The classifier, with the extra "feature_map", gave the answer, and was given the views.

    Raises:
        LabelError: If there is no such class.
        VideoError: If the video has more clips than feature maps are kept of, see `VideoClassifier.classify_all`.
    """
    spec, head = classifier.spec, classifier.engine.head
    if head is None:
        raise ArgumentError("explain: the classifier lacks the extra 'feature_map'")
    num_kept = sum("feature_map" in view.extras for view in answer.views)
    if num_kept < len(answer.views):
        raise VideoError(
            f"{len(answer.views)} clips are too many to explain: what the first {num_kept} need fills "
            f"{MOST_FEATURE_MAPS_BYTES >> 20} MiB",
            hint="give a larger --hop, or a shorter video",
        )
    index = answer.predictions[0].index if label is None else spec.labels.index(label)
    weights, bias = head.weights[index], float(head.bias[index])
    maps = tuple(activation_map(view.extras["feature_map"], weights, head.kernel) for view in answer.views)
    plan = ViewPlan.of_spec(spec, views, flow=classifier.flow)
    return Explanation(spec.labels.names[index], bias, answer.views, maps, answer.duration_s, plan)


def activation_map(features: Float32Array, weights: Float32Array, kernel: Sequence[int]) -> Float32Array:
    """Return each position's part of a class's logit, shape (T, H, W): with the class's bias they sum to the logit.

    Of a pool of stride 1 come its kernel, (t, h, w), and what it reads, (C, T, H, W); of the class its weights, (C,).
    """
    parts = np.tensordot(weights.astype(np.float64), features, 1)
    return (parts * position_shares(parts.shape, kernel)).astype(np.float32)
