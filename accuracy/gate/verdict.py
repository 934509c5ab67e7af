"""The gate: what two runs on the same videos allow one to say about a promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from i3d_edge.accuracy.gate import pairs
from i3d_edge.accuracy.gate.comparison import Comparison
from i3d_edge.core.text import plural

DEFAULT_MAX_DROP = 0.02  # at 400 videos 8 videos: an unchanged model passes while up to 20 videos flip
_SIGNIFICANCE = 0.05  # below it, p says that the flips are not shared evenly


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model may lose."""

    max_drop: float = DEFAULT_MAX_DROP  # of top-1 accuracy per video, as a fraction: 0.02 is 2 points
    # Mean |change of the natural log-probability| of the baseline's best class; None for no limit.
    max_drift: float | None = None


class Verdict(StrEnum):
    """What the gate says."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One promise, what came of it, why, and how many videos would settle it: None where it is, or no number would."""

    name: str
    verdict: Verdict
    reason: str
    videos_needed: int | None = None


def judge(comparison: Comparison, limits: Limits) -> list[GateCheck]:
    """Hold a comparison to its limits; identical predictions keep all of them, however few videos there are."""
    if comparison["num_identical"] == comparison["num_videos"]:
        num_videos, few = comparison["num_videos"], ""
        if drop_verdict(0, 0, num_videos, limits.max_drop) is not Verdict.PASSED:
            few = f"; otherwise {plural(num_videos, 'video')} would be too few for this limit"
        drop = GateCheck("top-1 drop", Verdict.PASSED, f"the predictions are identical{few}")
    else:
        lost, gained = len(comparison["lost"]), len(comparison["gained"])
        drop = check_drop(lost, gained, comparison["num_videos"], limits.max_drop)
    if limits.max_drift is None:
        return [drop]
    return [drop, check_drift(comparison["drift"]["mean"], limits.max_drift)]


def drop_verdict(lost: int, gained: int, num_videos: int, max_drop: float) -> Verdict:
    """Return what the gate says of a drop.

    Passed if the upper 95 % bound of the drop is within the limit; failed if the drop itself exceeds the
    limit and McNemar's test says p < 0.05; undecided otherwise. Arguments as for `pairs`; the limit is a fraction.
    """
    if pairs.drop_upper_bound(lost, gained, num_videos) <= max_drop:
        return Verdict.PASSED
    drop = (lost - gained) / num_videos
    is_beyond = drop > max_drop and not pairs.is_same(drop, max_drop)
    return Verdict.FAILED if is_beyond and pairs.mcnemar_p(lost, gained) < _SIGNIFICANCE else Verdict.UNDECIDED


def check_drop(lost: int, gained: int, num_videos: int, max_drop: float) -> GateCheck:
    """Hold the drop of top-1 accuracy to its limit, and say why; arguments as for `drop_verdict`."""
    drop = (lost - gained) / num_videos
    bound = pairs.drop_upper_bound(lost, gained, num_videos)
    p = pairs.mcnemar_p(lost, gained)
    verdict = drop_verdict(lost, gained, num_videos, max_drop)
    limit = f"the limit of {format_points(max_drop)}"
    bounded = f"the upper 95 % bound of the drop, {_hundredths(bound)}, is"
    exceeding = f"the drop of {_hundredths(drop)} exceeds {limit}"
    if verdict is Verdict.PASSED:
        return GateCheck("top-1 drop", verdict, f"{bounded} within {limit}")
    if verdict is Verdict.FAILED:
        return GateCheck("top-1 drop", verdict, f"{exceeding}, and McNemar's p is {p:.2g}")
    needed = pairs.videos_needed(lost, gained, num_videos, max_drop)
    if needed is None:
        return GateCheck("top-1 drop", verdict, f"the drop is {limit} itself, so that no number of videos would tell")
    reason = f"{exceeding}, but McNemar's p is {p:.2g}" if drop > max_drop else f"{bounded} beyond {limit}"
    return GateCheck("top-1 drop", verdict, f"{reason}: {needed:,} videos would be needed", needed)


def check_drift(drift: float, max_drift: float) -> GateCheck:
    """Hold the drift to its limit; it is a mean over the videos at hand, and always decided."""
    is_within = drift <= max_drift
    word = "is within" if is_within else "exceeds"
    reason = f"the drift of {drift:.3g} {word} the limit of {max_drift:g}"
    return GateCheck("drift", Verdict.PASSED if is_within else Verdict.FAILED, reason)


def combine(checks: Sequence[GateCheck]) -> Verdict:
    """Return the worst verdict: failed, else undecided, else passed."""
    verdicts = {check.verdict for check in checks}
    order = (Verdict.FAILED, Verdict.UNDECIDED, Verdict.PASSED)
    return next(verdict for verdict in order if verdict in verdicts)


def format_points(fraction: float) -> str:
    """Return a fraction in percentage points, as short as it is exact: 0.02 -> "2 points"."""
    return f"{100 * fraction:g} point{'' if math.isclose(fraction, 0.01) else 's'}"


def _hundredths(fraction: float) -> str:
    return f"{100 * fraction:.2f} points"
