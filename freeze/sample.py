"""DeepMind's cricket sample: the logits that the published checkpoints must give on it.

Source of the published values: kinetics-i3d, `out/imagenet_rgb.txt`, `out/imagenet_flow.txt` and
`out/imagenet_joint.txt`. Its `out/no_imagenet_*.txt` are copies of those three, so there are no published
values for the checkpoints trained from scratch.

Source of the reference values for rgb_scratch: the TF-Hub module i3d-kinetics-400/1, whose variables are those of
rgb_scratch, run by `HubModule` in TensorFlow 2.21 on the 79 frames of kinetics-i3d's
`v_CricketShot_g04_c01_rgb.gif`. A test runs it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from i3d_edge.core.labels import LabelSet
from i3d_edge.core.numbers import softmax

NUM_SHOWN = 20
NORM_TOLERANCE = 1e-4
"""Largest deviation of the logits' norm that passes, as a fraction of the expected norm."""


@dataclass(frozen=True, slots=True)
class TopClass:
    """A class with its probability and its logit."""

    label: str
    prob: float
    logit: float


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What a checkpoint says of the sample: Euclidean norm of its logits, and its best classes, best first."""

    norm: float
    top: tuple[TopClass, ...]


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """How a result compares with the expected one.

    Attributes:
        norm_deviation: Difference of the norms, as a fraction of the expected one.
        same_top: Whether the same classes come in the same order.
    """

    norm_deviation: float
    same_top: bool

    @property
    def passed(self) -> bool:
        """Whether the checkpoint is proven to compute what DeepMind's did."""
        return self.norm_deviation <= NORM_TOLERANCE and self.same_top


@cache
def published_results() -> Mapping[str, SampleResult]:
    """Return what DeepMind printed, by origin: "rgb_imagenet", "flow_imagenet", "rgb_imagenet + flow_imagenet".

    It is of the .npy arrays.
    """
    return _read_results("published_sample.json")


@cache
def reference_results() -> Mapping[str, SampleResult]:
    """Return what DeepMind's own graph gives where they printed nothing, by origin: "rgb_scratch".

    It is of the GIF, whose 256 colours are not quite the array's.
    """
    return _read_results("reference_sample.json")


def _read_results(name: str) -> Mapping[str, SampleResult]:
    text = resources.files("i3d_edge.freeze").joinpath(name).read_text(encoding="utf-8")
    return {
        origin: SampleResult(result["norm"], tuple(TopClass(**item) for item in result["top"]))
        for origin, result in json.loads(text).items()
    }


def summarize(logits: npt.NDArray[np.floating], labels: LabelSet) -> SampleResult:
    """Return norm and best classes of logits, shape (num_classes,)."""
    values = logits.astype(np.float64)
    probabilities = softmax(values)
    best = np.argsort(-values, kind="stable")[:NUM_SHOWN]
    top = (TopClass(labels.names[index], float(probabilities[index]), float(values[index])) for index in best)
    return SampleResult(float(np.linalg.norm(values)), tuple(top))


def judge(result: SampleResult, expected: SampleResult) -> SampleVerdict:
    """Compare a result with the expected one."""
    return SampleVerdict(
        norm_deviation=abs(result.norm - expected.norm) / expected.norm,
        same_top=[item.label for item in result.top] == [item.label for item in expected.top],
    )
