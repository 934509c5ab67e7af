"""The parity ladder: each stage of a model against the one before it, and where they part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from i3d_edge.convert.mistakes import mistakes, name_mistake
from i3d_edge.convert.parity import TOP_K, Feeds
from i3d_edge.convert.stage import Stage
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import SpecError
from i3d_edge.core.numbers import softmax
from i3d_edge.core.progress import phase, track

Item = TypeVar("Item")

TOLERANCES: Mapping[str, float] = {"f32": 1e-3, "f16": 2e-2, "bf16": 0.1, "int8": 0.5}
"""Largest difference of two logits, as a fraction of the largest logit, by the coarser precision of two stages."""

_STORED = {"FP16": "f16", "INT8": "int8"}
_COARSENESS = ("f32", "f16", "bf16", "int8")
_FEW = 3
_EXPLAINS = 4
"""A mistake explains a difference if at most one part in so many is left of it."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A layer whose output differs: `difference` is the norm of the difference over the norm of the reference's."""

    layer: str
    difference: float


@dataclass(frozen=True, slots=True)
class Step:
    """Two stages, compared on all clips.

    Attributes:
        before, after: Names of the stages.
        tolerance: What `relative_difference` may be.
        max_logit: Largest absolute logit of the first.
        logit_max, logit_mean: Absolute difference of logits.
        prob_max: Largest absolute difference of probabilities.
        norms: Euclidean norms of the two stages' logits, all clips' together.
        cosine: Of the two vectors of logits, the lowest of all clips.
        top1, top5: Fraction of clips with the same best class, with the same five best in any order.
        num_clips: That were compared.
        layers: How far each unit's output differs on the clip where the logits differ most; empty where the stages
            share no unit's name, or where they agree and their layers were not asked for.
        mistake: Which classic mistake explains the difference, or None.
    """

    before: str
    after: str
    tolerance: float
    max_logit: float
    logit_max: float
    logit_mean: float
    prob_max: float
    norms: tuple[float, float]
    cosine: float
    top1: float
    top5: float
    num_clips: int
    layers: tuple[Divergence, ...]
    mistake: str | None

    @property
    def relative_difference(self) -> float:
        """`logit_max` as a fraction of `max_logit`."""
        return self.logit_max / self.max_logit if self.max_logit else float(self.logit_max > 0)

    @property
    def agrees(self) -> bool:
        """Whether the stages agree to within the tolerance."""
        return self.relative_difference <= self.tolerance

    @property
    def first_divergence(self) -> Divergence | None:
        """The first layer, in the order of the network, that differs by more than the tolerance."""
        return next((layer for layer in self.layers if layer.difference > self.tolerance), None)


def climb(
    stages: Sequence[Stage],
    clips: Mapping[str, Feeds],
    *,
    others: Mapping[str, Feeds] | None = None,
    tolerance: float | None = None,
    all_layers: bool = False,
) -> list[Step]:
    """Compare each stage with the one before it, and the last with the first where there are more than two.

    All stages are fed `clips`, but for the first the `others` of the same names if given. `tolerance` is that of the
    coarser precision of each step if None; layers of steps that agree are compared if `all_layers`. Raises SpecError
    for other inputs or classes.
    """
    _require_alike(stages)
    fed = [clips, *([clips if others is None else others] * (len(stages) - 1))]
    logits = [
        np.array([stage.logits(feeds[name]) for name in track(clips, total=len(clips), title=stage.name, unit="clip")])
        for stage, feeds in zip(stages, fed, strict=True)
    ]
    pairs = [(number, number + 1) for number in range(len(stages) - 1)]
    if len(stages) > 2:
        pairs.append((0, len(stages) - 1))

    @lru_cache(maxsize=2)  # a stage stands in two steps, and its layers take hundreds of megabytes
    def layers(stage: int, clip: str) -> Mapping[str, Float32Array]:
        return stages[stage].layers(fed[stage][clip])

    steps = []
    for pair in pairs:
        those, feeds, answers = _both(stages, pair), _both(fed, pair), _both(logits, pair)
        step, worst = _compare(those, list(clips), answers, tolerance)
        if all_layers or not step.agrees:
            with phase("comparing layers"):
                step = replace(step, layers=_compare_layers(layers(pair[0], worst), layers(pair[1], worst)))
        if not step.agrees and those[0].spec.stream == "rgb":
            with phase("looking for the cause"):
                step = _explain(step, those, feeds, answers)
        steps.append(step)
    return steps


def _both(items: Sequence[Item], pair: tuple[int, int]) -> tuple[Item, Item]:
    return items[pair[0]], items[pair[1]]


def _compare(
    stages: tuple[Stage, Stage], names: list[str], logits: tuple[Float32Array, Float32Array], tolerance: float | None
) -> tuple[Step, str]:
    """Compare two stages' logits, (clips, classes) each; return the step and the clip where they differ most."""
    first, second = logits
    difference = np.abs(first - second)
    probs = [softmax(values) for values in logits]
    best = [np.argsort(-values, axis=1, kind="stable")[:, :TOP_K] for values in logits]
    worst = names[int(difference.max(axis=1).argmax())]
    allowed = TOLERANCES[_coarser(*stages)] if tolerance is None else tolerance
    step = Step(
        before=stages[0].name,
        after=stages[1].name,
        tolerance=allowed,
        max_logit=float(np.abs(first).max()),
        logit_max=float(difference.max()),
        logit_mean=float(difference.mean()),
        prob_max=float(np.abs(probs[0] - probs[1]).max()),
        norms=(float(np.linalg.norm(first)), float(np.linalg.norm(second))),
        cosine=float(min(_cosine(a, b) for a, b in zip(first, second, strict=True))),
        top1=float(np.mean(best[0][:, 0] == best[1][:, 0])),
        top5=float(np.mean([set(a) == set(b) for a, b in zip(*best, strict=True)])),
        num_clips=len(names),
        layers=(),
        mistake=None,
    )
    return step, worst


def _compare_layers(before: Mapping[str, Float32Array], after: Mapping[str, Float32Array]) -> tuple[Divergence, ...]:
    return tuple(
        Divergence(name, _relative(values, after[name]))
        for name, values in before.items()
        if name in after and after[name].shape == values.shape
    )


def _explain(
    step: Step,
    stages: tuple[Stage, Stage],
    fed: tuple[Mapping[str, Feeds], Mapping[str, Feeds]],
    logits: tuple[Float32Array, Float32Array],
) -> Step:
    """Look for a mistake in the clips if two kinds were given, else in what either stage does to them."""
    names = list(fed[0])[:_FEW]
    [(port_name, port)] = stages[0].spec.inputs.items()
    if fed[0] is not fed[1]:
        found = {name_mistake(fed[0][name][port_name], fed[1][name][port_name], port) for name in names} - {None}
        if found:
            return replace(step, mistake="the second clips have " + " / ".join(sorted(str(name) for name in found)))
    for mistaken, right in ((1, 0), (0, 1)):  # the earlier stage is believed first
        for title, mistake in mistakes(port).items():
            # If `mistaken` makes it, the other one makes it too once it is shown its clips that way.
            shown = [
                stages[right].logits({port_name: np.ascontiguousarray(mistake(fed[right][name][port_name]))})
                for name in names
            ]
            expected = logits[mistaken][: len(names)]
            largest = float(np.abs(expected).max()) or 1.0
            left = float(np.abs(np.array(shown) - expected).max()) / largest
            if left <= min(step.tolerance, step.relative_difference / _EXPLAINS):
                return replace(step, mistake=f"{stages[mistaken].name} sees {title}")
    return step


def _require_alike(stages: Sequence[Stage]) -> None:
    titles: dict[tuple[object, ...], str] = {}
    for spec in (stage.spec for stage in stages):
        streams = tuple(sorted((name, port.stream) for name, port in spec.inputs.items()))
        titles.setdefault((spec.num_classes, spec.num_frames, spec.crop_px, streams), spec.title())
    if len(titles) > 1:
        first, second, *_ = titles.values()
        raise SpecError(f"only stages of the same clips and classes can be compared; these are {first} and {second}")


def _coarser(first: Stage, second: Stage) -> str:
    kinds = [stage.precision for stage in (first, second)]
    kinds += [_STORED[stage.stored] for stage in (first, second) if stage.stored in _STORED]
    return max(kinds, key=_COARSENESS.index)


def _relative(expected: Float32Array, got: Float32Array) -> float:
    norm = float(np.linalg.norm(expected))
    difference = float(np.linalg.norm(expected - got))
    return difference / norm if norm else float(difference > 0)


def _cosine(a: Float32Array, b: Float32Array) -> float:
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm else 0.0
