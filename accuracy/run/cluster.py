"""Videos scored on a cluster: each worker holds the models; the journal of the run stays the truth."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.schema import ModelInfo
from i3d_edge.accuracy.run.config import hash_now
from i3d_edge.accuracy.run.runner import Scored, Scorer, done_video, score_here
from i3d_edge.accuracy.run.scorers import ModelDefaults, ir_scorers
from i3d_edge.core.cluster import Cluster, ask_cluster
from i3d_edge.core.errors import DeviceError
from i3d_edge.core.messages import LOG
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import ViewPlan
from i3d_edge.runtime.inference.model_choice import ModelChoice


def score_on_cluster(
    videos: Sequence[ListedVideo],
    cluster: Cluster,
    choices: Mapping[str, ModelChoice],
    defaults: ModelDefaults,
    scorers: Mapping[str, Scorer],
    spec: ModelSpec,
    plan: ViewPlan,
) -> Generator[Scored]:
    """Yield what `score_here` would, see `ask_cluster`; a machine without these models or videos takes no part."""
    sample = next((video for video in videos if video.is_there()), None)
    there = replace(defaults, num_threads=cluster.num_threads, say=LOG.info)

    def lost(video: ListedVideo, reason: str) -> Scored:
        return [], done_video(video, spec.labels, reason, video.sha256 or hash_now(video))

    opening = partial(_open, choices, there, plan, _comparable(scorers), sample)
    return ask_cluster(cluster, opening, videos, lost, defaults.say)


def _open(
    choices: Mapping[str, ModelChoice],
    defaults: ModelDefaults,
    plan: ViewPlan,
    models: Mapping[str, ModelInfo],
    sample: ListedVideo | None,
) -> Callable[[ListedVideo], Scored]:
    spec, scorers = ir_scorers(choices, defaults)
    if _comparable(scorers) != models:
        raise DeviceError("its model files are others")
    if sample is not None and not sample.is_there():
        raise DeviceError(f"it does not have the videos: no {str(sample.file)!r}")

    def score(video: ListedVideo) -> Scored:
        [scored] = score_here([video], scorers, spec, plan, 1)
        return scored

    return score


def _comparable(scorers: Mapping[str, Scorer]) -> dict[str, ModelInfo]:
    """Return what must be the same everywhere: not what a CPU makes of the models."""
    return {name: {**scorer.info, "executed_precision": ""} for name, scorer in scorers.items()}
