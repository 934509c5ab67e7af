"""A watch: a box of cameras as a configuration describes it, and all that is told of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import msgspec

from i3d_edge.core.messages import Say
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.live.event import Event
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.rules import LabelRules
from i3d_edge.runtime.live.tap import Tap
from i3d_edge.runtime.outbox import Delivery, Journal, Mailbox, Mqtt, MqttOptions, TLSOptions, Webhook
from i3d_edge.runtime.record import ClipOptions, Recorder
from i3d_edge.runtime.watch.box import Box, Sink
from i3d_edge.runtime.watch.camera import CameraPlan
from i3d_edge.runtime.watch.config import CameraConfig, MqttConfig, WatchConfig, stream_options
from i3d_edge.runtime.watch.config_file import check_labels
from i3d_edge.runtime.watch.region import Region
from i3d_edge.runtime.web import WebServer, WebSink

_TOLD_WITHIN_S = 5.0
"""After its last frame an event is told, beside what it must last."""


class Watch:
    """Runs a box, writes its events to a journal, and tells everybody who is to know. Used in a `with` block.

    Attributes:
        box: The cameras and the model.
        url: The page's, or None.
    """

    def __init__(self, config: WatchConfig, *, say: Say, tell: Callable[[str], None]) -> None:
        """Compile the model, and open all that is written to; nothing is watched yet.

        Args:
            config: From `read_config`.
            say: Called, from any thread, with messages for the user.
            tell: Called, from any thread, with each event as a line of JSON, once it is in the journal.

        Raises:
            ConfigError: If the model lacks a label that is named.
            IRError, DeviceError: As `Engine` raises them.
            OutputError: If a folder cannot be written, or the page's address is taken.
            DependencyError: If a package is not installed.
        """
        self._config, self._say, self._tell = config, say, tell
        _, spec = read_ir(config.model, spec_path=config.spec, steps=True)
        check_labels(config, spec.labels)
        self.url: str | None = None
        with ExitStack() as stack:
            self._open(config, spec, stack)
            self._opened = stack.pop_all()

    def _open(self, config: WatchConfig, spec: ModelSpec, stack: ExitStack) -> None:
        say, state = self._say, config.state
        self._journal = journal = Journal(state / "events", say=say)
        stack.callback(journal.close)
        for line in journal.end_unended("the watch was interrupted"):
            self._tell(line)
        self._sinks: list[Sink] = []
        self._recorder = Recorder(state, _clip_options(config), say=say) if config.clips else None
        if self._recorder:
            stack.callback(self._recorder.close)
            self._sinks.append(self._recorder)
        arguments = {
            "device": config.device,
            "inference_precision": config.inference_precision,
            "num_threads": config.num_threads,
            "cache": config.cache,
            "spec_path": config.spec,
        }
        plans = {name: _plan(camera, spec) for name, camera in config.cameras.items()}
        self.box = Box(config.model, plans, [self], say=say, tap=self._tap, **arguments)
        receivers: dict[str, Delivery] = {}
        self._mqtt = None
        if config.mqtt:
            self._mqtt = Mqtt(
                _mqtt_options(config.mqtt),
                journal,
                state / "cursors" / "mqtt.json",
                _regions(config),
                statistics=self._statistics,
                say=say,
            )
            stack.callback(self._mqtt.close)
            self._sinks.append(self._mqtt)
            receivers["mqtt"] = self._mqtt.delivery
        if config.webhook:
            mailbox = Mailbox(journal, state / "cursors" / "webhook.json", say=say)
            receivers["webhook"] = hook = Webhook(config.webhook, mailbox, say=say)
            stack.callback(hook.close)
        if config.web:
            sink = WebSink(state)
            self._sinks.append(sink)
            web = WebServer(
                self.box,
                sink,
                state=state,
                model=config.model.stem,
                address=config.web.address,
                token=config.web.token,
                receivers=receivers,
            )
            web.start()
            stack.callback(web.close)
            self.url = web.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def reload(self, config: WatchConfig) -> None:
        """Take other cameras; those with the same settings go on undisturbed. All else needs a new start.

        Raises:
            ConfigError: If the model lacks a label that is named; nothing is then changed.
        """
        check_labels(config, self.box.spec.labels)
        if msgspec.structs.replace(config, cameras=self._config.cameras) != self._config:
            self._say("only the cameras are changed; what else is new in the configuration needs a new start")
        self._config = msgspec.structs.replace(self._config, cameras=config.cameras)
        self.box.replan({name: _plan(camera, self.box.spec) for name, camera in config.cameras.items()})
        if self._mqtt:
            self._mqtt.show(_regions(config))
