"""The server: the application on an address, in a thread of its own."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import make_folder
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.box import Box
from i3d_edge.runtime.outbox import Delivery
from i3d_edge.runtime.settings import WebConfig
from i3d_edge.runtime.web.access import Access
from i3d_edge.runtime.web.app import build_app
from i3d_edge.runtime.web.pages import Updates
from i3d_edge.runtime.web.sink import WebSink
from i3d_edge.runtime.web.site import Site, VideoLimits

MAX_CONNECTIONS = 250
_CLOSE_S = 3


class WebServer:
    """Serves the application `app` at `url` from `start` to `close`."""

    def __init__(
        self,
        box: Box,
        sink: WebSink,
        options: WebConfig,
        *,
        state: Path,
        model: str,
        receivers: Mapping[str, Delivery] | None = None,
        limits: VideoLimits | None = None,
    ) -> None:
        """Prepare; nothing is opened yet. `state` is the box's folder: of clips, and of videos that are sent.

        Raises ArgumentError as `Access`.
        """
        host, _, port = options.address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self.url = ""
        self._updates = Updates(box, sink.feed)
        access = Access(self._host, options.token, options.hosts)
        site = Site(box=box, sink=sink, state=state, model=model, access=access, limits=limits or VideoLimits())
        sink.metrics.observe(box, model, receivers or {})
        self._uploads = site.uploads
        self.app = build_app(site, self._updates)
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=_CLOSE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and serve in a thread; raises OutputError if it cannot be listened there, or the folder written."""
        shutil.rmtree(self._uploads, ignore_errors=True)  # what a killed server left
        make_folder(self._uploads)
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server((self._host, self._port), family=family, backlog=MAX_CONNECTIONS)
        except OSError as error:
            raise OutputError(
                f"cannot listen on {self._host}:{self._port}: {short_reason(error)}",
                hint="choose another `web: address:`",
            ) from error
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{listener.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving, within a few seconds."""
        self._updates.is_over = self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(2 * _CLOSE_S)
        shutil.rmtree(self._uploads, ignore_errors=True)
