"""The box: many cameras, one compiled model."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import NotFiniteError
from i3d_edge.core.messages import Say
from i3d_edge.runtime.box.camera import Camera, CameraPlan, Shared
from i3d_edge.runtime.box.turns import Turns
from i3d_edge.runtime.inference.ir import Ir, read_ir
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.answers import open_engines
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.gears import Gears
from i3d_edge.runtime.live.reader import JOIN_S
from i3d_edge.runtime.live.report import CameraReport, Sink, SourceState
from i3d_edge.runtime.live.tap import Tap
from i3d_edge.runtime.views.clip import require_rgb

LONGEST_TURN_S = 30.0  # a box that finished no turn for longer hangs
_POLL_S = 0.2


class Box:
    """Watches cameras until it is stopped. What one of them does costs the others nothing but their share of turns."""

    def __init__(
        self,
        ir_path: Path,
        plans: Mapping[str, CameraPlan],
        sinks: Sequence[Sink],
        *,
        say: Say,
        tap: Callable[[str], Tap | None] = lambda _camera: None,
        ir: Ir | None = None,
        **engine: Any,
    ) -> None:
        """Compile the model, an .xml of clips or of steps; nothing is read yet.

        `tap` returns one for a camera of this name; `ir` and `engine` are further arguments of `Engine`.
        Raises IRError, DeviceError, ClipShapeError as `Engine` and `require_rgb` raise them.
        """
        ir = ir or read_ir(ir_path, spec_path=engine.get("spec_path"), steps=True)
        _, self.spec = ir
        require_rgb(self.spec)
        self.engine, window = open_engines(ir_path, ir, say=say, may_leave_steps=True, **engine)
        self._plans, self._sinks, self._say = plans, sinks, say
        self._began, self._turned_s = f"{time.time():.3f}", time.monotonic()
        self._turns = Turns()
        gears = Gears(has_steps=self.spec.stepping is not None, has_windows=window is not None, say=say)
        self._shared = Shared(self.engine, window, gears, self._turns, say, self._changed, tap)
        self._cameras: dict[str, Camera] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None

    @property
    def is_ready(self) -> bool:
        """Whether every camera has been tried."""
        cameras = [*self._cameras.values()]
        return len(cameras) == len(self._plans) and all(camera.was_tried for camera in cameras)

    def cameras(self) -> dict[str, CameraReport]:
        """Return what is known of each camera, by name."""
        return {name: camera.report() for name, camera in list(self._cameras.items())}

    def picture(self, camera: str, width_px: int) -> UInt8Array | None:
        """Return a camera's newest frame, `width_px` wide at most: shape (H, W, 3), uint8, RGB 0..255; or None."""
        found = self._cameras.get(camera)
        pixels = None if found is None else found.picture()
        if pixels is None or pixels.shape[1] <= width_px:
            return pixels
        height_px = max(1, round(pixels.shape[0] * width_px / pixels.shape[1]))
        return np.asarray(cv2.resize(pixels, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)

    @property
    def turned_s(self) -> float:
        """When the last turn was finished, or the oldest one under way taken, on the monotonic clock."""
        oldest_s = self._turns.oldest_s
        return self._turned_s if oldest_s is None else min(self._turned_s, oldest_s)

    def run(self, attend: Callable[[], None] = lambda: None) -> None:
        """Watch until `stop`; call `attend` a few times a second in this thread.

        Raises:
            StreamOpenError, LabelError: As `Camera` raises them.
            Exception: If the model fails.
        """
        at_once = int(self.engine.compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # One more prepares its clip meanwhile.
        workers = [threading.Thread(target=self._work, name="turns", daemon=True) for _ in range(at_once + 1)]
        try:
            self.replan(self._plans)
            for worker in workers:
                worker.start()
            while not self._stop.wait(_POLL_S):
                with self._lock:
                    for camera in self._cameras.values():
                        for event in camera.check():
                            self._tell(event)
                attend()
        finally:
            self._stop.set()
            for worker in workers:
                if worker.ident is not None:
                    worker.join()
            with self._lock:
                self._drop(list(self._cameras))
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End `run`, and the actions under way. Can be called from any thread."""
        self._stop.set()

    def replan(self, plans: Mapping[str, CameraPlan]) -> None:
        """Change to other cameras; equal plans go on undisturbed. Raises as `run`, and what changed is then dropped."""
        with self._lock:
            self._drop([name for name, camera in self._cameras.items() if plans.get(name) != camera.plan])
            self._plans = plans
            for name, plan in plans.items():
                if name not in self._cameras:
                    self._cameras[name] = Camera(name, plan, self._shared)

    def _drop(self, names: Iterable[str]) -> None:
        cameras = [self._cameras.pop(name) for name in names]
        for camera in cameras:
            camera.stop()
        until_s = time.monotonic() + JOIN_S  # for all together: each may be stuck
        for camera in cameras:
            for event in camera.close(max(0.0, until_s - time.monotonic())):
                self._tell(event)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                for item in self._turns.take(_POLL_S):
                    self._tell(item)
                self._turned_s = time.monotonic()
            except NotFiniteError as error:
                self._say(str(error))
            except BaseException as error:  # the model's fault or ours: raised again by `run`
                self._error = error
                self._stop.set()

    def _tell(self, item: WindowAnswer | Event) -> None:
        if isinstance(item, Event) and item.id and item.start_time is None:  # of a file: each run begins at 0 s
            item = replace(item, id=f"{self._began}-{item.id}")
        for sink in self._sinks:
            if isinstance(item, Event):
                sink.happened(item)
            else:
                sink.answered(item)

    def _changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        for sink in self._sinks:
            sink.changed(camera, state, reason)
