"""Several inferences at once, whose answers come in the order of the questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import openvino as ov

from i3d_edge.core.arrays import Array
from i3d_edge.runtime.inference.answers import Answer

Tag = TypeVar("Tag")


@dataclass
class InferenceQueue(Generic[Tag]):
    """Runs one stream of clips through a compiled model, in requests of its own.

    The model's batch is filled with clips that follow one another; what is left of the last one repeats its last clip.
    """

    compiled: ov.CompiledModel
    num_requests: int
    batch: int  # clips in one inference
    batch_axis: int
    read: Callable[[Any], Sequence[Answer]]  # takes what a request returns; returns the answers of a batch
    _idle: list[ov.InferRequest] = field(default_factory=list, init=False)
    _running: deque[_Run] = field(default_factory=deque, init=False)

    def answers(self, items: Iterable[tuple[Tag, Mapping[str, Array] | None]]) -> Generator[tuple[Tag, Answer | None]]:
        """Yield each item's tag and answer, in order.

        An item without inputs has no answer; it keeps its place, and when it comes answers that are ready are handed
        over, so that it can also stand for "nothing to do at the moment".
        """
        waiting: deque[tuple[Tag, _Run | None, int]] = deque()
        filling = _Run()
        try:
            for tag, inputs in items:
                if inputs is None:
                    waiting.append((tag, None, 0))
                else:
                    waiting.append((tag, filling, len(filling.clips)))
                    filling.clips.append(inputs)
                    if len(filling.clips) == self.batch:
                        self._start(filling)
                        filling = _Run()
                while waiting and self._is_done(waiting[0][1]):
                    yield self._take(waiting.popleft())
            if filling.clips:
                self._start(filling)
            while waiting:
                yield self._take(waiting.popleft())
        finally:
            while self._running:  # a request reads its clips, so they must outlive it
                self._running.popleft().wait()

    def _start(self, run: _Run) -> None:
        if len(self._running) == self.num_requests:
            self._finish_oldest()
        request = self._idle.pop() if self._idle else self.compiled.create_infer_request()
        run.start(request, self.batch, self.batch_axis)
        self._running.append(run)

    def _finish_oldest(self) -> None:
        run = self._running.popleft()
        self._idle.append(run.finish(self.read))

    def _is_done(self, run: _Run | None) -> bool:
        return run is None or run.answers is not None or run.is_ready()

    def _take(self, item: tuple[Tag, _Run | None, int]) -> tuple[Tag, Answer | None]:
        tag, run, position = item
        if run is None:
            return tag, None
        while run.answers is None:
            self._finish_oldest()
        return tag, run.answers[position]


class _Run:
    """One inference: its clips, the request that runs them, and then its answers."""

    def __init__(self) -> None:
        self.clips: list[Mapping[str, Array]] = []
        self.answers: Sequence[Answer] | None = None
        self._request: ov.InferRequest | None = None

    def start(self, request: ov.InferRequest, batch: int, axis: int) -> None:
        clips = [*self.clips, *[self.clips[-1]] * (batch - len(self.clips))]
        request.start_async(dict(clips[0]) if batch == 1 else stack(clips, axis), share_inputs=True)
        self._request = request

    def is_ready(self) -> bool:
        return self._request is not None and bool(self._request.wait_for(0))

    def wait(self) -> None:
        assert self._request is not None
        self._request.wait()

    def finish(self, read: Callable[[Any], Sequence[Answer]]) -> ov.InferRequest:
        assert self._request is not None
        self._request.wait()
        self.answers = read(self._request.results)
        self.clips.clear()
        return self._request


def stack(clips: Sequence[Mapping[str, Array]], axis: int) -> dict[str, Array]:
    """Join clips, each a batch of one, along an axis of every input."""
    return {name: np.concatenate([clip[name] for clip in clips], axis=axis) for name in clips[0]}
