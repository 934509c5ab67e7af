"""A local HTTP server that serves files, with ranges, and can break off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What is served, and what was asked for.

    Attributes:
        files: Content by path, "/name/model.ckpt.index".
        break_after: Bytes after which each answer breaks off, or None.
        ranges: Whether ranges are honoured.
        requests: Path and Range header of each request, in order.
    """

    files: dict[str, bytes]
    break_after: int | None = None
    ranges: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve(served: Served) -> Iterator[Served]:
    """Serve on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            served.requests.append((self.path, asked))
            content = served.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            first, _, last = asked.removeprefix("bytes=").partition("-") if asked and served.ranges else ("", "", "")
            start, stop = int(first or 0), min(int(last or len(content)) + 1, len(content))
            if start >= len(content) > 0:
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(stop - start))
            if first:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
            if self.path.endswith("/"):  # a page of a package index
                self.send_header("Content-Type", "text/html")
            self.end_headers()
            end = stop if served.break_after is None else min(stop, start + served.break_after)
            self.wfile.write(content[start:end])

        def do_HEAD(self) -> None:
            content = served.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
