"""Two models on the same videos, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

from i3d_edge.accuracy.gate import pairs
from i3d_edge.accuracy.gate.baseline import Baseline, BaselineVideo, answers, entry, make_baseline, rounded
from i3d_edge.accuracy.gate.changes import Change, changes
from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.recorded_video import RecordedVideo
from i3d_edge.accuracy.result.schema import MachineShare, Where
from i3d_edge.core.errors import ComparisonError
from i3d_edge.core.text import plural, some

_PROBABILITY_FLOOR = 1e-6
"""Probabilities below this count as this, so that a single 0 does not decide a mean over all videos."""
_LIST_HINT = "run the baseline's own list, or make a baseline of this one with `i3d accuracy baseline`"


class Flip(TypedDict):
    """A video that one of the two has right and the other wrong."""

    video: str  # path, as the run lists it
    label: str
    before: str  # the baseline's best class
    before_prob: float
    after: str  # the run's
    after_prob: float


class Drift(TypedDict):
    """How far the log-probability of the baseline's best class moved; see `log_change`."""

    mean: float  # over all compared videos
    largest: float
    largest_video: str  # path, as the run lists it


class Comparison(TypedDict):
    """What two models' answers to the same videos come to. Fractions are in [0, 1]."""

    baseline_model: str
    run_model: str
    num_videos: int  # compared
    num_identical: int  # of those, with the same best five and the same probabilities of them
    num_other_class: int  # of those, with another best class
    before_top1: float
    after_top1: float
    before_top5: float
    after_top5: float
    lost: list[Flip]  # right before, wrong now; by path
    gained: list[Flip]  # wrong before, right now; by path
    drop: float  # before_top1 - after_top1
    drop_upper_bound: float  # one-sided 95 % (Tango)
    mcnemar_p: float  # exact, two-sided
    drift: Drift
    missing: list[str]  # paths; scored in the baseline, dropped by the run: not compared
    changes: list[Change]  # what differs besides the answers: model, precision, device, machine, versions
    added: list[str]  # paths; dropped by the baseline, scored by the run: not compared


def compare(
    baseline: Baseline, run: RecordedRun, model: str, *, num_allowed_dropped: int = 0, allow_mixed: bool = False
) -> Comparison:
    """Compare a model's answers in a run with a baseline, video by video; those that the run dropped are left out.

    Raises ComparisonError if the two differ in classes, protocol, manifest, videos or labels, or if the run dropped
    more of the baseline's videos than allowed, or if one mixes machines of several kinds (without `allow_mixed`).
    """
    own = make_baseline(run, model)
    if not allow_mixed:
        _check_unmixed("baseline", baseline["where"])
        _check_unmixed("run", own["where"])
    _check_same_classes(baseline, own)
    _check_same_protocol(baseline, own)
    now = answers(run, model)
    before = {video["video"]: video for video in baseline["videos"]}
    _check_same_list(baseline, own, before, now)
    missing = sorted(before[key]["path"] for key in before.keys() - now.keys())
    if len(missing) > num_allowed_dropped:
        raise ComparisonError(
            f"the run lacks {len(missing)} of the baseline's {len(before)} videos, and {num_allowed_dropped} may be "
            f"missing: {some(missing)}",
            hint=f"see why in result.json, or compare the others with --allow-dropped {len(missing)}",
        )
    both = sorted(before.keys() & now.keys(), key=lambda key: now[key].path)
    if not both:
        raise ComparisonError("the run dropped all of the baseline's videos")
    names = run.class_names
    is_right_before = {key: before[key]["top5"][0] == before[key]["label"] for key in both}
    outcomes = {key: now[key].outcome() for key in both}
    is_right_now = {key: outcomes[key].rank == 0 for key in both}
    lost = [_flip(before[key], outcomes[key], names) for key in both if is_right_before[key] and not is_right_now[key]]
    gained = [
        _flip(before[key], outcomes[key], names) for key in both if is_right_now[key] and not is_right_before[key]
    ]
    entries = {key: entry(key, now[key]) for key in both}
    return Comparison(
        baseline_model=baseline["model"],
        run_model=model,
        num_videos=len(both),
        num_identical=sum({**entries[key], "path": ""} == {**before[key], "path": ""} for key in both),
        num_other_class=sum(outcomes[key].best != before[key]["top5"][0] for key in both),
        before_top1=sum(is_right_before.values()) / len(both),
        after_top1=sum(is_right_now.values()) / len(both),
        before_top5=sum(before[key]["label"] in before[key]["top5"] for key in both) / len(both),
        after_top5=sum(outcomes[key].rank < 5 for key in both) / len(both),
        lost=lost,
        gained=gained,
        drop=(len(lost) - len(gained)) / len(both),
        drop_upper_bound=pairs.drop_upper_bound(len(lost), len(gained), len(both)),
        mcnemar_p=pairs.mcnemar_p(len(lost), len(gained)),
        drift=_drift(before, now, both),
        missing=missing,
        changes=changes(baseline, own),
        added=sorted(now[key].path for key in now.keys() - before.keys()),
    )


def _flip(before: BaselineVideo, now: VideoOutcome, names: Sequence[str]) -> Flip:
    return Flip(
        video=now.video,
        label=names[now.label],
        before=names[before["top5"][0]],
        before_prob=before["probs"][0],
        after=names[now.best],
        after_prob=now.confidence,
    )


def log_change(before: float, after: float) -> float:
    """Return how far the natural log-probability of the baseline's best class moved: by ln 2 for half or twice."""
    return abs(math.log(max(after, _PROBABILITY_FLOOR)) - math.log(max(before, _PROBABILITY_FLOOR)))


def _drift(before: Mapping[str, BaselineVideo], now: Mapping[str, RecordedVideo], both: Sequence[str]) -> Drift:
    changes = {}
    for key in both:
        best = before[key]["top5"][0]
        changes[key] = log_change(before[key]["probs"][0], rounded(now[key].probabilities[best]))
    largest = max(both, key=lambda key: changes[key])
    return Drift(
        mean=math.fsum(changes.values()) / len(both), largest=changes[largest], largest_video=now[largest].path
    )


def _check_unmixed(which: str, where: Where) -> None:
    """Refuse answers of machines that may answer otherwise: what changed could be the machine of a video."""
    if "machines" in where:
        raise ComparisonError(
            f"the {which} mixes machines: {'; '.join(map(machine_line, where['machines']))}",
            hint="score all videos on one kind of CPU in one precision, or compare all the same with --allow-mixed",
        )


def machine_line(machine: MachineShare) -> str:
    """Return a kind of machine as text: "120 videos on Intel Xeon 8488C, OpenVINO 2026.2.0, rgb in bf16"."""
    precisions = ", ".join(f"{name} in {precision}" for name, precision in machine["executed_precision"].items())
    software = f"OpenVINO {machine['versions'].get('openvino', 'unknown')}"
    return f"{plural(machine['num_videos'], 'video')} on {machine['cpu']}, {software}, {precisions}"


def _check_same_classes(baseline: Baseline, own: Baseline) -> None:
    theirs, ours = baseline["labels"], own["labels"]
    if theirs["num_classes"] != ours["num_classes"]:
        raise ComparisonError(f"the run has {ours['num_classes']} classes, the baseline {theirs['num_classes']}")
    if None not in (theirs["sha256"], ours["sha256"]) and theirs["sha256"] != ours["sha256"]:
        raise ComparisonError(
            f"class names of the run ({ours['name']!r}) differ from the baseline's ({theirs['name']!r}): other names, "
            "or another order"
        )


def _check_same_protocol(baseline: Baseline, own: Baseline) -> None:
    theirs, ours = dict(baseline["how"]), dict(own["how"])
    different = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    if different:
        was = ", ".join(f"{name}={theirs.get(name)!r}" for name in different)
        got = ", ".join(f"{name}={ours.get(name)!r}" for name in different)
        raise ComparisonError(
            f"the run follows another protocol than the baseline: {got}, not {was}",
            hint="run again by the baseline's protocol, or make a baseline by this one",
        )


def _check_same_list(
    baseline: Baseline, own: Baseline, before: Mapping[str, BaselineVideo], now: Mapping[str, RecordedVideo]
) -> None:
    """Refuse another list: what only one side has scored, the other side must have dropped."""
    manifests = (baseline["manifest_digest"], own["manifest_digest"])
    if None not in manifests and manifests[0] != manifests[1]:
        raise ComparisonError(
            f"the run is of another manifest than the baseline: digest {manifests[1]}, not {manifests[0]}",
            hint=_LIST_HINT,
        )
    relabelled = [now[key].path for key in before.keys() & now.keys() if before[key]["label"] != now[key].label]
    if relabelled:
        raise ComparisonError(
            f"the run labels videos otherwise than the baseline: {some(sorted(relabelled))}", hint=_LIST_HINT
        )
    missing = {before[key]["path"] for key in before.keys() - now.keys()}
    added = {now[key].path for key in now.keys() - before.keys()}
    if changed := sorted(missing & added):
        raise ComparisonError(
            f"videos have changed since the baseline was made: {some(changed)}",
            hint="bring back the files that the baseline was made on, or make a baseline of these",
        )
    if (
        baseline["num_listed"] != own["num_listed"]
        or not missing <= set(own["left_out"])
        or not added <= set(baseline["left_out"])
    ):
        raise ComparisonError(
            f"the run is of another list than the baseline: {own['num_listed']} videos, not {baseline['num_listed']}; "
            f"{len(before.keys() & now.keys())} of them are the same",
            hint=_LIST_HINT,
        )
