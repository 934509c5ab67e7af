"""What we use of Ray, in one process: tasks that end in any order, workers that die and that hang."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any


class Died(BaseException):
    """Raised in a worker in place of the end of its process."""


class Hangs(BaseException):
    """Raised in a worker in place of never returning."""


class RayError(Exception):
    pass


class RayActorError(RayError):
    preempted = False


class ActorUnavailableError(RayActorError):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class Handle:
    def __init__(self, actor: object) -> None:
        self._actor = actor
        self.is_dead = False

    def __getattr__(self, name: str) -> Any:
        handle, run = self, getattr(self._actor, name)

        class Method:
            @staticmethod
            def remote(*args: object) -> Task:
                return Task(handle, lambda: run(*args))

        return Method


class Task:
    machine_dies = False

    def __init__(self, handle: Handle, run: Callable[[], object]) -> None:
        self._handle, self._run = handle, run
        self._hangs = False
        self.value: object = None
        self.error: Exception | None = None

    def is_ready(self) -> bool:
        if not self._hangs and not self._handle.is_dead:
            try:
                self.value = self._run()
                return True
            except Died:
                self._handle.is_dead = True
            except Hangs:
                self._hangs = True
            except Exception as error:
                self.error = RayTaskError(error)
                return True
        if self._handle.is_dead:
            self.error = ActorUnavailableError() if self.machine_dies else RayActorError()
        return self._handle.is_dead


class FakeRay:
    """A stand-in for the module."""

    class exceptions:  # noqa: N801
        RayError = RayError
        RayTaskError = RayTaskError
        ActorUnavailableError = ActorUnavailableError

    def __init__(self, num_cpus: int = 2) -> None:
        self.num_cpus = num_cpus
        self.is_up = False
        self.clock_s = 0.0
        self.num_waits = 0
        self.fails_after: int | None = None
        self._order = random.Random(0)

    def init(self, *, address: str, **_options: object) -> None:
        assert address  # without one, Ray looks for a cluster that others began
        self.is_up = True

    def shutdown(self) -> None:
        self.is_up = False

    def nodes(self) -> list[dict[str, Any]]:
        gone = {"Alive": False, "Resources": {"CPU": 64.0}}
        return [{"Alive": True, "Resources": {"CPU": float(self.num_cpus)}}, gone]

    def remote(self, **_options: object) -> Callable[[type], Any]:
        def decorate(kind: type) -> Any:
            class Actor:
                @staticmethod
                def remote(*args: object) -> Handle:
                    return Handle(kind(*args))

            return Actor

        return decorate

    def wait(self, tasks: Sequence[Task], timeout: float) -> tuple[list[Task], list[Task]]:
        assert self.is_up
        assert tasks
        self.num_waits += 1
        if self.num_waits == self.fails_after:
            raise RuntimeError("the driver is killed")
        for task in self._order.sample(list(tasks), len(tasks)):
            if task.is_ready():
                return [task], [other for other in tasks if other is not task]
        self.clock_s += timeout
        return [], list(tasks)

    def get(self, task: Task) -> object:
        if task.error is not None:
            raise task.error
        return task.value

    def kill(self, worker: Handle) -> None:
        worker.is_dead = True
