"""A watch: a box of cameras as a configuration describes it, and all that is told of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from msgspec.structs import replace

from i3d_edge.core.files import alone_in, make_folder
from i3d_edge.core.messages import Say
from i3d_edge.core.text import some
from i3d_edge.runtime.box import Box
from i3d_edge.runtime.box.camera import CameraPlan
from i3d_edge.runtime.frames.container import DEFAULT_RATE_FPS
from i3d_edge.runtime.inference.ir import Ir, read_ir
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.report import Sink
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.live.tap import Tap
from i3d_edge.runtime.outbox import Delivery, Journal, Mqtt, Unread, webhook_to
from i3d_edge.runtime.record import Recorder
from i3d_edge.runtime.settings import WatchConfig, check_labels, stream_options
from i3d_edge.runtime.watch.region import Region

_TOLD_WITHIN_S = 5.0
"""After its last frame an event is told, beside what it must last."""

_POSTED_WITHIN_S = 2.0
"""At the end; what is left stays in the journal. All that ends must fit into the 20 s after a signal."""


class Watch(Sink):
    """Runs a box, writes its events to a journal, and tells everybody who is to know; `url` is the page's, or None."""

    def __init__(self, config: WatchConfig, *, say: Say, tell: Callable[[str], None]) -> None:
        """Compile the model, and open all that is written to; nothing is watched yet.

        Each event is told, from any thread, as a line of JSON, once it is in the journal.

        Raises:
            ConfigError: If the model lacks a label that is named.
            IRError, DeviceError: As `Engine` raises them.
            OutputError: If a folder cannot be written, another watch uses `state`, or the page's address is taken.
            DependencyError: If a package is not installed.
        """
        self._config, self._say, self._tell = config, say, tell
        ir = read_ir(config.model, spec_path=config.spec, steps=True)
        check_labels(config, ir[1].labels)
        self.url: str | None = None
        with ExitStack() as stack:
            self._open(config, ir, stack)
            self._opened = stack.pop_all()

    def _open(self, config: WatchConfig, ir: Ir, stack: ExitStack) -> None:
        say, state = self._say, config.state
        make_folder(state)
        stack.enter_context(alone_in(state))  # another watch's events are under way, and not to be ended here
        self._journal = journal = Journal(state / "events", say=say)
        stack.callback(journal.close)
        for line in journal.end_unended("the watch was interrupted"):
            self._tell(line)
        # Events are in the journal before others are told. The box gets the list, and tells whom we find below, too.
        sinks: list[Sink] = [self]
        self._recorder = Recorder(state, config.clips, say=say) if config.clips else None
        if self._recorder:
            stack.callback(self._recorder.close)
            sinks.append(self._recorder)
        arguments: dict[str, Any] = {
            "device": config.device,
            # Decoding takes cores away now and then, and a window on all of them would wait for the last one.
            "mode": "latency" if sum(map(len, _regions(config).values())) == 1 else "throughput",
            "inference_precision": config.inference_precision,
            "num_threads": config.num_threads,
            "cache": config.cache,
            "spec_path": config.spec,
        }
        self.box = Box(config.model, _plans(config), sinks, say=say, tap=self._tap, ir=ir, **arguments)
        receivers: dict[str, Delivery] = {}
        self._mqtt = None
        if config.mqtt:
            cursor, counted = state / "cursors" / "mqtt.json", self._statistics
            self._mqtt = Mqtt(config.mqtt, journal, cursor, _regions(config), statistics=counted, say=say)
            stack.callback(self._mqtt.close)
            sinks.append(self._mqtt)
            receivers["mqtt"] = self._mqtt.delivery
        if config.webhook:
            unread = Unread(journal, state / "cursors" / "webhook.json", say=say)
            receivers["webhook"] = hook = webhook_to(config.webhook, unread, say=say)
            stack.callback(hook.close, _POSTED_WITHIN_S)
        if config.web:
            from i3d_edge.runtime.web import WebServer, WebSink

            sinks.append(sink := WebSink(state))
            model = config.model.stem
            web = WebServer(self.box, sink, config.web, state=state, model=model, receivers=receivers)
            web.start()
            stack.callback(web.close)
            self.url = web.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._opened.close()

    def reload(self, config: WatchConfig) -> None:
        """Take other cameras; those with the same settings go on undisturbed. All else needs a new start.

        Raises:
            ConfigError: If the model lacks a label that is named; nothing is then changed.
        """
        check_labels(config, self.box.spec.labels)
        before = self._config
        # The text of the file is a part of a configuration, too, and always another one.
        keys = [key for key in WatchConfig.__struct_fields__ if getattr(config, key) != getattr(before, key)]
        if others := [key for key in keys if key != "cameras"]:
            self._say(f"only cameras are changed; for what is new in {some(others)}, start anew")
        self._config = replace(before, cameras=config.cameras)
        if self._mqtt:  # before a new camera's first state comes, which would be a stranger's
            self._mqtt.show(_regions(config))
        self.box.replan(_plans(config))
        if self._recorder:
            self._recorder.forget(config.cameras)

    def happened(self, event: Event) -> None:
        """Write an event to the journal, and print it."""
        line = event.to_json()
        self._journal.append(line)
        self._tell(line)

    def _tap(self, camera: str) -> Tap | None:
        if self._recorder is None:
            return None
        spec = self.box.spec
        late_s = spec.first_answer / float(spec.frame_rate_fps or DEFAULT_RATE_FPS) + _TOLD_WITHIN_S
        return self._recorder.tap(camera, late_s=late_s + self._config.cameras[camera].min_duration_s)

    def _statistics(self) -> dict[str, list[Statistics]]:
        return {
            name: [lane.statistics for lane in report.regions.values()] for name, report in self.box.cameras().items()
        }


def _regions(config: WatchConfig) -> dict[str, tuple[str | None, ...]]:
    return {name: tuple(camera.regions) or (None,) for name, camera in config.cameras.items()}


def _plans(config: WatchConfig) -> dict[str, CameraPlan]:
    plans = {}
    for name, camera in config.cameras.items():
        regions = {
            region: Region.of(camera.regions.get(region or ""), camera.mask) for region in _regions(config)[name]
        }
        plans[name] = CameraPlan(camera.source, stream_options(camera), regions, camera.priority)
    return plans
