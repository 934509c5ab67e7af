"""Class probabilities over the course of a video."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

from i3d_edge.core.arrays import Float32Array
from i3d_edge.runtime.prediction import Classification

NOTABLE_PROB = 0.05  # a class that never exceeds this probability gets no line of its own


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, from the first frame, with one most probable class, and its mean probability there."""

    start_s: float
    end_s: float
    index: int
    prob: float

    @property
    def length_s(self) -> float:
        """Duration in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Course:
    """Class probabilities as a step function of time.

    At time t they are the mean over the views with start_s <= t < end_s; without such a view they are unknown. Steps
    begin and end where views do. The part of a view beyond the end of a short, repeated video is ignored.
    """

    edges_s: tuple[float, ...]  # the edges of the steps, from 0 to the duration; one more than there are steps
    probabilities: Float32Array  # shape (steps, num_classes), float32; zeros where there is no view
    is_seen: npt.NDArray[np.bool_]  # shape (steps,), bool: whether any view covers the step

    @classmethod
    def of(cls, classification: Classification) -> Course:
        """Average the views of a video over time."""
        duration_s = classification.duration_s
        spans = [(view, view.start_s, min(view.end_s, duration_s)) for view in classification.views]
        spans = [(view, start_s, end_s) for view, start_s, end_s in spans if end_s > start_s]
        edges = sorted({0.0, duration_s, *(edge for _, *ends in spans for edge in ends)})
        position = {edge: step for step, edge in enumerate(edges)}
        num_classes = classification.views[0].probabilities.size
        changes = np.zeros((len(edges), num_classes))
        counts = np.zeros(len(edges), np.int64)
        for view, start_s, end_s in spans:
            for edge, sign in ((start_s, 1), (end_s, -1)):
                changes[position[edge]] += sign * view.probabilities.astype(np.float64)
                counts[position[edge]] += sign
        num_views = np.cumsum(counts)[:-1]
        means = np.cumsum(changes, axis=0)[:-1] / np.maximum(num_views, 1)[:, np.newaxis]
        means[num_views == 0] = 0
        return cls(tuple(edges), means.clip(0, 1).astype(np.float32), num_views > 0)

    @property
    def duration_s(self) -> float:
        """Duration of the video."""
        return self.edges_s[-1]

    @property
    def seen_s(self) -> float:
        """Seconds of the video that any view covers."""
        return float(np.diff(self.edges_s)[self.is_seen].sum())

    @property
    def is_whole(self) -> bool:
        """Whether the views cover all but a tenth of a second."""
        return self.duration_s - self.seen_s < 0.1

    def step_at(self, time_s: float) -> int:
        """Return the step at a time; the first or the last one for times outside."""
        return min(max(bisect_right(self.edges_s, time_s) - 1, 0), len(self.is_seen) - 1)

    def coarser(self, num_steps: int) -> Course:
        """Average into at most `num_steps` equal steps, which count as seen if views cover half of them."""
        if len(self.is_seen) <= num_steps:
            return self
        edges = np.linspace(0.0, self.duration_s, num_steps + 1)
        probabilities = np.zeros((num_steps, self.probabilities.shape[1]), np.float32)
        is_seen = np.zeros(num_steps, np.bool_)
        for step, (start_s, end_s) in enumerate(pairwise(edges)):
            first, last = self.step_at(start_s), self.step_at(end_s)
            cuts = np.clip(self.edges_s[first : last + 2], start_s, end_s)
            seen_s = np.diff(cuts) * self.is_seen[first : last + 1]
            is_seen[step] = 2 * seen_s.sum() >= end_s - start_s
            if is_seen[step]:
                probabilities[step] = np.average(self.probabilities[first : last + 1], axis=0, weights=seen_s)
        return Course(tuple(float(edge) for edge in edges), probabilities, is_seen)

    def spans(self) -> list[Span]:
        """Join adjacent steps with the same most probable class; unseen steps belong to no span."""
        best = [int(row.argmax()) if seen else -1 for row, seen in zip(self.probabilities, self.is_seen, strict=True)]
        lengths = np.diff(self.edges_s)
        spans = []
        for index, group in groupby(range(len(best)), key=best.__getitem__):
            steps = list(group)
            if index >= 0:
                prob = np.average(self.probabilities[steps, index], weights=lengths[steps])
                spans.append(Span(self.edges_s[steps[0]], self.edges_s[steps[-1] + 1], index, float(prob)))
        return spans

    def leading_s(self) -> dict[int, float]:
        """Return for how many seconds each class leads, the longest first."""
        seconds: dict[int, float] = {}
        for span in self.spans():
            seconds[span.index] = seconds.get(span.index, 0.0) + span.length_s
        return dict(sorted(seconds.items(), key=lambda item: (-item[1], item[0])))

    def seen_spans(self) -> list[tuple[float, float]]:
        """Return the start and end of each stretch that views cover, in seconds."""
        found = []
        for seen, group in groupby(range(len(self.is_seen)), key=lambda step: bool(self.is_seen[step])):
            steps = list(group)
            if seen:
                found.append((self.edges_s[steps[0]], self.edges_s[steps[-1] + 1]))
        return found

    def notable_classes(self, ranking: Sequence[int], limit: int) -> list[int]:
        """Choose the classes that get a colour: those that lead, longest first; then those above `NOTABLE_PROB`."""
        others = [index for index in ranking if self.probabilities[:, index].max() > NOTABLE_PROB]
        return list(dict.fromkeys([*self.leading_s(), *others]))[:limit] or [ranking[0]]
