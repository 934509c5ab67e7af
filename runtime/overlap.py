"""Clips that overlap, answered in steps: what they have in common is computed once, where that is less work."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from i3d_edge.core.device import normalise_device
from i3d_edge.core.errors import I3DError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.answers import Answer
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.inference.session import Session
from i3d_edge.runtime.steps.emitter import UnstreamableError
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import Clip

_FEWEST_CLIPS = 6
_WORTH_MAKING = 20  # views; making and compiling steps takes as long as several clips where these are fastest


def steps_pay(spec: ModelSpec, hop: int, num_clips: int) -> bool:
    """Return whether the clips of a video, `hop` samples apart, are less work in steps than one by one.

    A step costs a third of a clip or more, and the first answer takes as many as fill one.
    """
    frames, rest = divmod(hop, spec.frame_stride)
    if spec.batch > 1 or rest or 2 * frames > spec.num_frames:
        return False
    return num_clips >= max(_FEWEST_CLIPS, -(-spec.num_frames // frames))


class StepEngines:
    """Makes the engine that runs a model in steps once that is worth it, and keeps the last one. Thread-safe."""

    def __init__(self, ir: Path, *, spec_path: Path | None, **settings: Any) -> None:
        """Note which model it is, before that of whole clips is read; `settings` are further arguments of `Engine`."""
        self._ir, self._settings = ir, {"spec_path": spec_path, **settings}
        self._files = [ir, ir.with_suffix(".bin"), *([spec_path] if spec_path else [])]
        self._versions = self._read_versions()
        self._lock = Lock()
        self._num_views = self._hop = 0
        self._engine: Engine | None = None

    def find(self, hop: int, num_views: int) -> Engine | None:
        """Return the engine of a hop, in frames, that would answer so many views.

        None where it is not worth making yet, for all views since the last one was made, or cannot be made: the
        device is no CPU, the network has no such steps, or the model's files are others by now.
        """
        if normalise_device(self._settings["device"]) != "CPU":
            return None
        with self._lock:
            if hop != self._hop:
                self._num_views += num_views
                if self._num_views < _WORTH_MAKING:
                    return None
                self._num_views, self._hop, self._engine = 0, hop, None
                with suppress(I3DError, UnstreamableError, OSError, RuntimeError):
                    engine = Engine(self._ir, hop=hop, **self._settings)
                    self._engine = engine if self._read_versions() == self._versions else None
            return self._engine

    def close(self) -> None:
        """Let go of the engine."""
        self._engine = None

    def _read_versions(self) -> Sequence[tuple[int, int, int]]:
        found = [os.stat(path) for path in self._files if os.path.exists(path)]
        return [(file.st_ino, file.st_size, file.st_mtime_ns) for file in found]


class Overlap:
    """Answers clips of videos in steps, one video after the other, where steps pay. Not thread-safe."""

    def __init__(self, engines: StepEngines | None, spec: ModelSpec, views: ViewOptions) -> None:
        """Begin with the first video; without engines all clips are left to the model of whole clips."""
        self._engines, self._spec, self._num_crops, self._hop = engines, spec, views.num_crops, views.hop
        self._sessions: list[Session] = []
        self._warm_up = 0
        self._is_in_steps = False

    def answer(self, clip: Clip) -> Answer | None:
        """Return what the model says of the next clip, or None to let the model of whole clips answer.

        Raises NotFiniteError if the model gives NaN.
        """
        if self._hop is None or self._engines is None:
            return None
        step = self._hop // self._spec.frame_stride
        if clip.clip == clip.crop == 0:
            self._is_in_steps = steps_pay(self._spec, self._hop, clip.num_clips) and self._open(step, clip.num_clips)
        if not self._is_in_steps or clip.sample != clip.clip * self._hop:  # a video's last hop may be shorter
            return None
        session, frames = self._sessions[clip.crop], clip.frames[-step:]
        if clip.clip == 0:
            session.reset()
            missing = self._warm_up * step - len(clip.frames)  # before the first frame; of no effect
            frames = np.concatenate([clip.frames[:1].repeat(missing, axis=0), clip.frames])
        for part in np.split(frames, len(frames) // step):
            answer = session.feed(model_inputs(replace(clip, frames=part), self._spec))
        return answer

    def _open(self, step: int, num_clips: int) -> bool:
        """Return whether there are sessions, after trying to get them."""
        assert self._engines is not None
        if not self._sessions and (engine := self._engines.find(step, num_clips * self._num_crops)):
            assert engine.spec.stepping is not None
            self._warm_up = engine.spec.stepping.warm_up
            self._sessions = [engine.session() for _ in range(self._num_crops)]
        return bool(self._sessions)
