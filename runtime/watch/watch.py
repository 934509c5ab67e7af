"""A watch: a box of cameras as a configuration describes it, and all that is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from i3d_edge.core.messages import Say
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.live import Event, LabelRules, StreamOptions, Webhook, WindowAnswer
from i3d_edge.runtime.live.report import SourceState
from i3d_edge.runtime.outbox import Journal, Mailbox, Mqtt, MqttOptions
from i3d_edge.runtime.record import ClipOptions, Recorder
from i3d_edge.runtime.watch.box import Box, Sink
from i3d_edge.runtime.watch.camera import CameraPlan
from i3d_edge.runtime.watch.config import CameraConfig, WatchConfig, changed_cameras, stream_options
from i3d_edge.runtime.watch.config_file import check_labels
from i3d_edge.runtime.watch.region import Region

_INTERRUPTED = "the watch was interrupted"
_SLACK_S = 5.0
"""How long after its last frame an event may be told, beside the length of a window."""


class Watch:
    """Runs a box, journals its events, and tells everybody who is to know.

    Attributes:
        box: The cameras and the model.
    """

    def __init__(self, config: WatchConfig, *, say: Say, tell: Callable[[str], None]) -> None:
        """Compile the model, and open what is written to; nothing is watched yet.

        Args:
            config: From `read_config`.
            say: Called, from any thread, with messages for the user.
            tell: Called, from any thread, with each event as a line of JSON, once it is in the journal.

        Raises:
            ConfigError: If the model lacks a label.
            IRError, DeviceError: As `Engine` raises them.
            OutputError: If a folder cannot be written, or the page's address is taken.
            DependencyError: If a package is not installed.
        """
