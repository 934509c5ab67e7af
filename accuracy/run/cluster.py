"""Videos scored on a Ray cluster: each worker holds the models, and decodes and infers in place.

Paths go out and rows of floats come back, in the order of the list, so that the journal of the run stays the truth. A
video that kills its worker twice, or hangs it, is dropped with that reason; a worker that dies is replaced.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.journal import DoneVideo
from i3d_edge.accuracy.result.schema import ModelInfo
from i3d_edge.accuracy.run.config import hash_now
from i3d_edge.accuracy.run.runner import Scored, score_here
from i3d_edge.accuracy.run.scorers import ModelDefaults, ir_scorers
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import ArgumentError, DeviceError, I3DError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.messages import LOG, Say
from i3d_edge.runtime import ViewPlan
from i3d_edge.runtime.inference.model_choice import ModelChoice

LOCAL = "local"
_AHEAD = 16
"""Videos per worker that may be done before the first one that is not; what a killed run repeats at most."""
_MOST_DEATHS = 2
_STORE_BYTES = 128 << 20
"""Of a local cluster: what travels is small, and Ray would take a third of the memory."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where videos are scored, and by how many.

    Attributes:
        address: Of a Ray cluster, "host:port" or "auto"; "local" begins one on this machine, and ends it.
        num_workers: Processes that hold the models; None: as many as the cluster's CPUs allow.
        num_threads: CPUs of each.
        limit_s: Longest time for a video.
    """

    address: str = LOCAL
    num_workers: int | None = None
    num_threads: int = 1
    limit_s: float = 1800.0


class Worker:
    """A process of the cluster."""

    def __init__(self, choices: Mapping[str, ModelChoice], defaults: ModelDefaults, plan: ViewPlan) -> None:
        self._opening = (choices, defaults)
        self._plan = plan

    def open(self, sample: Path | None) -> tuple[str, dict[str, ModelInfo] | I3DError]:
        """Compile the models; return the machine's name, and what they are or why it cannot take part."""
        try:
            self._spec, self._scorers = ir_scorers(*self._opening)
        except I3DError as error:
            return socket.gethostname(), error
        if sample is not None and not sample.exists():
            return socket.gethostname(), DeviceError(f"it does not have the videos: no {str(sample)!r}")
        return socket.gethostname(), {name: scorer.info for name, scorer in self._scorers.items()}

    def score(self, video: ListedVideo) -> Scored:
        """Score one video."""
        [scored] = score_here([video], self._scorers, self._spec, self._plan, 1)
        return scored


def score_on_cluster(
    videos: Sequence[ListedVideo],
    cluster: Cluster,
    choices: Mapping[str, ModelChoice],
    defaults: ModelDefaults,
    plan: ViewPlan,
    labels: LabelSet,
    what: Mapping[str, ModelInfo],
    say: Say = LOG.info,
) -> Generator[Scored]:
    """Score videos on a cluster, and yield what `score_here` would.

    Args:
        videos: Under the same paths on all machines, as are the models.
        cluster: Which.
        choices: The models.
        defaults: How they run.
        plan: Which views are shown.
        labels: Of the models.
        what: The models as they are here; a machine that has others takes no part.
        say: Called with what happens to workers.

    Raises:
        DependencyError: If Ray is not installed.
        ArgumentError: If there is no such cluster, or it has too few CPUs.
        DeviceError: If no worker can take part.
        NotFiniteError, ResultError: As `score_videos` says.
    """
    if not videos:
        return
    with needed_for("--cluster"):
        import ray
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    is_local = cluster.address == LOCAL
    where = {"num_cpus": os.cpu_count(), "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    try:
        _require_answer(cluster.address)
        ray.init(log_to_driver=False, logging_level="error", **(where if is_local else {"address": cluster.address}))
    except (OSError, RuntimeError, ValueError) as error:
        raise ArgumentError(
            f"no Ray cluster answers at {cluster.address!r}: {str(error).splitlines()[0]}",
            hint="`ray start --head` begins one; --cluster local needs none",
        ) from error
    try:
        num_workers = cluster.num_workers or int(ray.cluster_resources().get("CPU", 0)) // cluster.num_threads
        if not num_workers:
            raise ArgumentError(f"the cluster has fewer than {cluster.num_threads} CPUs", hint="use fewer threads")
        actor = ray.remote(num_cpus=cluster.num_threads, max_restarts=0, max_task_retries=0)(Worker)
        absolute = {name: replace(choice, path=choice.path.absolute()) for name, choice in choices.items()}
        spec_path = defaults.spec_path and defaults.spec_path.absolute()
        there = replace(defaults, num_threads=cluster.num_threads, spec_path=spec_path, say=LOG.info)
        yield from _Dispatch(
            ray,
            lambda: actor.remote(absolute, there, plan),
            videos,
            labels,
            what,
            cluster.limit_s,
            say,
        ).run(num_workers)
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Find out in seconds that nobody is there, for which Ray takes minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


class _Dispatch:
    """Hands videos to workers, one at a time each, so that it is known which one a worker died of."""

    def __init__(
        self,
        ray: Any,
        begin: Any,
        videos: Sequence[ListedVideo],
        labels: LabelSet,
        what: Mapping[str, ModelInfo],
        limit_s: float,
        say: Say,
    ) -> None:
        self._ray, self._begin, self._limit_s, self._say = ray, begin, limit_s, say
        self._videos, self._labels = videos, labels
        self._what = _comparable(what)
        self._sample = next((video.file.absolute() for video in videos if video.file.exists()), None)
        self._todo = deque(range(len(videos)))
        self._done: dict[int, Scored] = {}
        self._deaths: Counter[int | None] = Counter()
        self._tasks: dict[Any, tuple[Any, int | None, float]] = {}  # worker, video or None for its opening, start
        self._idle: list[Any] = []
        self._refused: list[Any] = []  # kept, so that their machines get no other worker

    def run(self, num_workers: int) -> Iterator[Scored]:
        for _ in range(num_workers):
            self._open()
        for number in range(len(self._videos)):
            while number not in self._done:
                while self._idle and self._todo and self._todo[0] < number + _AHEAD * num_workers:
                    self._start(self._idle.pop(), self._todo.popleft())
                ready, _ = self._ray.wait(list(self._tasks), timeout=1.0)
                for task in ready:
                    self._finish(task)
                self._end_what_hangs()
            yield self._done.pop(number)

    def _open(self) -> None:
        worker = self._begin()
        self._tasks[worker.open.remote(self._sample)] = (worker, None, time.monotonic())

    def _start(self, worker: Any, number: int) -> None:
        video = self._videos[number]
        sent = worker.score.remote(replace(video, file=video.file.absolute()))
        self._tasks[sent] = (worker, number, time.monotonic())

    def _finish(self, task: Any) -> None:
        worker, number, started = self._tasks.pop(task)
        try:
            answer = self._ray.get(task)
        except self._ray.exceptions.RayTaskError as failed:
            if number is None or isinstance(failed.cause, I3DError):
                raise failed.cause from failed
            answer = self._dropped(number, f"{type(failed.cause).__name__}: {failed.cause}")
        except self._ray.exceptions.RayError as died:
            self._replace(worker, number, time.monotonic() - started, getattr(died, "preempted", False))
            return
        if number is None:
            self._admit(worker, *answer)
        else:
            rows, done = answer
            if done["reason"] is not None:
                file = self._videos[number].file
                done["reason"] = done["reason"].replace(str(file.absolute()), str(file))
            self._done[number] = rows, done
            self._idle.append(worker)

    def _admit(self, worker: Any, machine: str, found: dict[str, ModelInfo] | I3DError) -> None:
        if not isinstance(found, I3DError) and _comparable(found) == self._what:
            self._deaths[None] = 0
            self._idle.append(worker)
            return
        why = found.message if isinstance(found, I3DError) else "its model files are others than here"
        self._refused.append(worker)
        if not self._tasks and not self._idle:
            raise DeviceError(
                f"no machine of the cluster can score; {machine}: {why}",
                hint="put models and videos on all machines, under the same paths",
            )
        self._say(f"WARNING: a worker on {machine} takes no part: {why}")

    def _replace(self, worker: Any, number: int | None, took_s: float, was_preempted: bool) -> None:
        self._ray.kill(worker)  # if only the connection was lost
        self._deaths[number] += not was_preempted
        if number is None:
            if self._deaths[None] > 10:
                raise DeviceError("workers of the cluster keep dying while they load the models")
        elif self._deaths[number] < _MOST_DEATHS:
            self._todo.appendleft(number)
            self._say(f"a worker died in {self._videos[number].path!r}, which another one tries again")
        else:
            how = f"it took more than {self._limit_s:.0f} s" if took_s > self._limit_s else "its worker died"
            self._done[number] = self._dropped(number, f"WorkerDied: {how}, for the second time")
        self._open()

    def _end_what_hangs(self) -> None:
        for worker, number, started in self._tasks.values():
            if number is not None and time.monotonic() - started > self._limit_s:
                self._ray.kill(worker)

    def _dropped(self, number: int, reason: str) -> Scored:
        video = self._videos[number]
        return [], DoneVideo(
            video=video.path,
            label=None if video.label is None else self._labels.index(video.label),
            reason=" ".join(reason.split()),
            sha256=video.sha256 or hash_now(video),
            warnings=[],
            num_views=0,
            decode_s=0.0,
            wait_s=0.0,
            prepare_s=0.0,
            infer_s={},
            elapsed_s=0.0,
            end=0,
            check="",
        )


def _comparable(what: Mapping[str, ModelInfo]) -> object:
    """Return what must be the same everywhere: not where files lie, nor what a CPU makes of them."""
    return {name: {**info, "path": "", "executed_precision": ""} for name, info in what.items()}
