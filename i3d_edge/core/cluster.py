"""Work on a Ray cluster: each worker opens something once, such as a model, and answers questions in place.

Small things travel: paths go out and floats come back, in the order of the questions. A question that kills its worker
twice, or hangs it, is answered with that reason; a worker that dies is replaced.
"""

from __future__ import annotations

import os
import pickle
import socket
import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.environment import versions
from i3d_edge.core.errors import ArgumentError, DeviceError, I3DError
from i3d_edge.core.messages import Say
from i3d_edge.core.processor import read_processor, usable_cpus

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LOCAL = "local"
_AHEAD = 16
"""Questions per worker that may be answered before the first one that is not; what a killed run repeats at most."""
_MOST_DEATHS = 2
_INNOCENCE = 4
"""A machine's death says so much less of the question than that of a worker alone."""
_MOST_FALSE_STARTS = 10
_STORE_BYTES = 128 << 20
"""Of a local cluster: what travels is small, and Ray would take a third of the memory."""
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where work is done, and by how many."""

    address: str = LOCAL  # "host:port" or "auto"; "local" begins a cluster on this machine, and ends it
    num_workers: int | None = None  # processes; None: as many as the CPUs allow
    num_threads: int = 1  # CPUs of each
    limit_s: float = 1800.0  # longest time for an answer


def ask_cluster(
    cluster: Cluster,
    opening: Callable[[], Callable[[Question], Answer]],
    questions: Sequence[Question],
    lost: Callable[[Question, str], Answer],
    say: Say,
) -> Generator[Answer]:
    """Yield workers' answers in the order of the questions.

    Args:
        cluster: Where.
        opening: Called once in each worker, in a folder of the same path as the current one here; returns what answers.
            It is a module's function, perhaps with `partial` arguments. If it fails, the machine takes no part.
        questions: Each worker has one at a time, so that it is known which one it died of.
        lost: Makes the answer of a question that has none, from the reason.
        say: Called with which machines take part, in what they differ from this one, and what happens to workers.

    Raises:
        DependencyError, ArgumentError, DeviceError: If there is no Ray, no such cluster, or no machine can take part.
        I3DError: The first one that answering raises; any other exception loses its question alone.
    """
    if not questions:
        return
    with needed_for("--cluster"):
        import ray
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    where: dict[str, Any] = {"address": cluster.address}
    if cluster.address == LOCAL:
        where |= {"num_cpus": usable_cpus(), "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    try:
        _require_answer(cluster.address)
        ray.init(log_to_driver=False, logging_level="error", **where)
    except (OSError, RuntimeError, ValueError) as error:
        raise ArgumentError(
            f"no Ray cluster answers at {cluster.address!r}: {' '.join(str(error).split())}",
            hint="`ray start --head` begins one; --cluster local needs none",
        ) from error
    try:
        cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        num_workers = cluster.num_workers or sum(number // cluster.num_threads for number in cpus)
        if not num_workers:
            raise ArgumentError(
                f"no machine of the cluster has {cluster.num_threads} CPUs now",
                hint="--worker-threads asks for fewer; --workers says to how many workers the cluster is to grow",
            )
        actor = ray.remote(num_cpus=cluster.num_threads, max_restarts=0, max_task_retries=0)(_worker_class())
        given = (os.getcwd(), pickle.dumps(opening), _facts())
        todo = deque(range(len(questions)))
        dispatch = _Dispatch(ray, lambda: actor.remote(*given), cluster.limit_s, questions, lost, say, todo)
        yield from dispatch.run(num_workers)
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Find out in seconds that nobody is there, for which Ray takes minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.removeprefix("ray://").strip("[]"), int(port)), timeout=10).close()


def _facts() -> dict[str, str]:
    """Return what answers may depend on, of this machine."""
    return {"the processor": read_processor().name, **versions()}


def _worker_class() -> type:
    """Return the class of workers; since it is made here, it is sent whole, also to a machine without i3d-edge."""

    class Worker:
        def __init__(self, folder: str, opening: bytes, facts: dict[str, str]) -> None:
            self._given = folder, opening, facts

        def open(self) -> tuple[str, list[str], str | None]:
            """Return the machine's name, in what it differs, and why it takes no part or None."""
            import os
            import pickle
            import socket

            folder, opening, facts = self._given
            try:
                from i3d_edge.core.cluster import _facts

                os.chdir(folder)
                self.answer = pickle.loads(opening)()
                own = _facts()
            except Exception as error:
                return socket.gethostname(), [], getattr(error, "message", f"{type(error).__name__}: {error}")
            others = [f"{key} is {own.get(key)}, and {facts[key]} here" for key in facts if own.get(key) != facts[key]]
            return socket.gethostname(), others, None

        def ask(self, question: Any) -> Any:
            return self.answer(question)

    return Worker


@dataclass
class _Dispatch(Generic[Question, Answer]):
    """Hands out questions, one at a time to each worker."""

    ray: Any
    begin: Callable[[], Any]
    limit_s: float
    questions: Sequence[Question]
    lost: Callable[[Question, str], Answer]
    say: Say
    todo: deque[int]
    done: dict[int, Answer] = field(default_factory=dict)
    deaths: dict[int | None, float] = field(default_factory=lambda: defaultdict(float))  # by question; None is opening
    tasks: dict[Any, tuple[Any, int | None, float]] = field(default_factory=dict)  # worker, question, since when
    idle: list[Any] = field(default_factory=list)
    refused: list[Any] = field(default_factory=list)  # kept, so that their machines get no other worker
    machines: set[str] = field(default_factory=set)

    def run(self, num_workers: int) -> Iterator[Answer]:
        for _ in range(num_workers):
            self._send(self.begin())
        patience_s = time.monotonic() + _PATIENCE_S
        for number in range(len(self.questions)):
            while number not in self.done:
                while self.idle and self.todo and self.todo[0] < number + _AHEAD * num_workers:
                    self._send(self.idle.pop(), self.todo.popleft())
                for task in self.ray.wait(list(self.tasks), timeout=1.0)[0]:
                    self._receive(task, *self.tasks.pop(task))
                now = time.monotonic()
                for worker, asked, since in self.tasks.values():
                    if asked is not None and now - since > self.limit_s:
                        self.ray.kill(worker)
                if not self.machines and now > patience_s:
                    self.say("waiting for a worker: the cluster's CPUs may be in use")
                    patience_s = now + _PATIENCE_S
            yield self.done.pop(number)

    def _send(self, worker: Any, number: int | None = None) -> None:
        sent = worker.open.remote() if number is None else worker.ask.remote(self.questions[number])
        self.tasks[sent] = (worker, number, time.monotonic())

    def _receive(self, task: Any, worker: Any, number: int | None, since: float) -> None:
        try:
            answer = self.ray.get(task)
        except self.ray.exceptions.RayTaskError as failed:
            if number is None or isinstance(failed.cause, I3DError):
                raise failed.cause from failed
            self._lose(number, f"{type(failed.cause).__name__}: {failed.cause}")
        except self.ray.exceptions.RayError as died:
            self.ray.kill(worker)  # if only the connection was lost
            was_machine = isinstance(died, self.ray.exceptions.ActorUnavailableError)
            self.deaths[number] += 1 / _INNOCENCE if was_machine or getattr(died, "preempted", False) else 1
            self._replace(number, time.monotonic() - since)
            return
        else:
            if number is None:
                self._admit(worker, *answer)
                return
            self.done[number] = answer
        self.idle.append(worker)

    def _admit(self, worker: Any, machine: str, others: Sequence[str], refusal: str | None) -> None:
        if refusal is not None:
            self.refused.append(worker)
            self._refuse(machine, refusal)
            return
        self.deaths[None] = 0
        self.idle.append(worker)
        if machine not in self.machines:
            self.machines.add(machine)
            for text in (f"machine {machine} takes part", *(f"WARNING: on {machine}, {other}" for other in others)):
                self.say(text)

    def _refuse(self, machine: str, why: str) -> None:
        if not self.tasks and not self.idle:
            raise DeviceError(
                f"no machine of the cluster can take part; {machine}: {why}",
                hint="all machines need the same packages, models and videos under the same paths",
            )
        self.say(f"WARNING: a worker on {machine} takes no part: {why}")

    def _replace(self, number: int | None, took_s: float) -> None:
        if number is None:
            if self.deaths[None] > _MOST_FALSE_STARTS:
                self._refuse("one of them", "workers keep dying while they open the model")
                return
        elif self.deaths[number] < _MOST_DEATHS:
            self.todo.appendleft(number)
            self.say("a worker died: another one tries again what it was asked")
        else:
            how = f"it took more than {self.limit_s:.0f} s" if took_s > self.limit_s else "its worker died"
            self._lose(number, f"WorkerDied: {how}, for the second time")
        self._send(self.begin())

    def _lose(self, number: int, reason: str) -> None:
        self.done[number] = self.lost(self.questions[number], " ".join(reason.split()))
