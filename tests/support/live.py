"""What tests of live streams share: a small model that is a function, and servers that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from synthetic import numbered_frame, write_video

from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet

LABELS = LabelSet("light", ("dark", "bright"))
SPEC = i3d_spec(
    labels=LABELS, num_frames=10, crop_px=24, short_side_px=24, layout="NDCHW", input_type="u8", has_preprocessing=True
)


def brightness(clip: np.ndarray) -> np.ndarray:
    """Tell bright clips from dark ones."""
    bright = float(clip.mean()) / 255
    return np.array([1 - bright, bright], np.float32)


def grey(*levels: tuple[int, int], size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    """Return plain frames: so many of each level."""
    return [np.full((*size, 3), level, np.uint8) for level, number in levels for _ in range(number)]


def numbered(numbers: range) -> list[np.ndarray]:
    """Return small numbered frames."""
    return [numbered_frame(number, 48, 96) for number in numbers]


def write_transport_stream(path: Path, frames: list[np.ndarray]) -> Path:
    """Write MPEG-TS of 250 fps, so that what is played at its own pace is over soon."""
    return write_video(path, frames, time_base=Fraction(1, 250), rate=250)


@contextmanager
def hanging() -> Iterator[str]:
    """Accept connections and never say a word; yield host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


@dataclass
class Broadcast:
    """An HTTP stream without a length.

    Attributes:
        bodies: What each connection gets in turn; None is an answer of 503. Afterwards 404.
        then: "close" ends each body, "silent" holds the connection.
        more: Sent again and again after each body, in place of `then`.
        pause_s: Between pieces of a body.
    """

    bodies: list[bytes | None]
    then: str = "close"
    more: bytes = b""
    pause_s: float = 0.0
    num_connections: int = 0
    url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def broadcast(sent: Broadcast) -> Iterator[Broadcast]:
    """Serve on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = sent.num_connections
            sent.num_connections += 1
            if number >= len(sent.bodies):
                self.send_error(404)
                return
            body = sent.bodies[number]
            if body is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            try:
                for start in range(0, len(body), 4096):
                    self.wfile.write(body[start : start + 4096])
                    time.sleep(sent.pause_s)
                while sent.more and not sent.stopping.wait(0.02):
                    self.wfile.write(sent.more)
                if sent.then == "silent":
                    sent.stopping.wait(30)
            except OSError:
                pass

        def log_message(self, *_args: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler), sent.stopping) as url:
        sent.url = f"{url}/live.ts"
        yield sent


@dataclass
class Received:
    """What a webhook got, and how it answers.

    Attributes:
        statuses: Answers in turn; then 200.
        bodies: Of the requests answered with 200.
        authorizations: Headers of all requests.
    """

    statuses: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""


@contextmanager
def webhook(received: Received, port: int = 0) -> Iterator[Received]:
    """Serve on a port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.authorizations.append(self.headers["Authorization"])
            status = received.statuses.pop(0) if received.statuses else 200
            if status == 200:
                received.bodies.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", port), Handler), threading.Event()) as url:
        received.url = f"{url}/hook"
        yield received


@contextmanager
def _serving(server: ThreadingHTTPServer, stopping: threading.Event) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
