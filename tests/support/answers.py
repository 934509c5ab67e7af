"""Answers that no network gave, for what is done with answers."""

from __future__ import annotations

import numpy as np

from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.prediction import Classification, View, top_k

LABELS = LabelSet("letters", ("alpha", "beta", "gamma", "delta", "epsilon", "zeta"))


def view(start_s: float, end_s: float, *probs: float, clip: int = 0, crop: int = 0) -> View:
    """Return a view whose first classes have these probabilities; the last one has the rest."""
    probabilities = np.zeros(len(LABELS), np.float32)
    probabilities[: len(probs)] = probs
    probabilities[-1] += 1 - sum(probs)
    return View(start_s, end_s, probabilities, clip, crop)


def answer(
    duration_s: float,
    *views: View,
    labels: LabelSet = LABELS,
    k: int = 5,
    num_frames: int = 25,
    warnings: tuple[str, ...] = (),
) -> Classification:
    """Return the answer that averages these views."""
    mean = np.mean([item.probabilities for item in views], axis=0)
    fps = num_frames / duration_s
    return Classification(top_k(mean, labels, k), tuple(views), duration_s, num_frames, fps, warnings)
