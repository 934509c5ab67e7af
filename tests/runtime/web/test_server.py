"""The server on its socket: starting, closing, slow and many clients, large bodies."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_box import FakeBox

from i3d_edge.core.errors import OutputError
from i3d_edge.runtime.settings import WebConfig
from i3d_edge.runtime.web import WebServer, WebSink


@pytest.fixture
def server(box: FakeBox, sink: WebSink, tmp_path: Path) -> Iterator[WebServer]:
    server = WebServer(box, sink, WebConfig(address="127.0.0.1:0"), state=tmp_path, model="tiny")
    server.start()
    yield server
    server.close()


def open_socket(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10)


def test_it_serves_from_start_to_close(server: WebServer) -> None:
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as answer:
        assert answer.status == 200
    with follow(server) as reader:  # it does not hold it up
        assert b"event: begin\n" in reader.makefile("rb")
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 4
    with pytest.raises(ConnectionRefusedError):
        open_socket(server)


def test_an_address_in_use_is_an_error(server: WebServer, box: FakeBox, tmp_path: Path) -> None:
    address = server.url.removeprefix("http://")
    other = WebServer(box, WebSink(tmp_path), WebConfig(address=address), state=tmp_path, model="tiny")
    with pytest.raises(OutputError, match="cannot listen on 127"):
        other.start()


@pytest.mark.parametrize(
    ("has_length", "kind", "most_mib"),
    [(True, b"video/mp4", 20), (False, b"video/mp4", 250), (True, b"text/plain", 20)],
)
def test_two_gigabytes_are_refused_without_being_taken(
    server: WebServer, tmp_path: Path, has_length: bool, kind: bytes, most_mib: int
) -> None:
    """The sender has put little on its way when the answer comes and the connection ends; the limit is 200 MB."""
    length = b"Content-Length: 2000000000\r\n" if has_length else b"Transfer-Encoding: chunked\r\n"
    with open_socket(server) as sender:
        sender.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/mp4\r\n" + length + b"\r\n"
        )
        piece = bytes(1 << 20) if has_length else b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        num_sent = 0
        try:
            while num_sent < 2000:
                sender.sendall(piece)
                num_sent += 1
        except OSError:
            pass
        assert num_sent < most_mib
    assert not list((tmp_path / "uploads").iterdir())


def follow(server: WebServer) -> socket.socket:
    """Open a stream of updates; its first line tells whether it was given."""
    reader = open_socket(server)
    reader.sendall(b"GET /api/updates HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return reader


def test_pages_that_are_closed_make_room(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.web.pages.MAX_STREAMS", 3)
    open_pages = [follow(server) for _ in range(3)]
    assert all(b"200 OK" in page.recv(4096) for page in open_pages)
    refused = follow(server)
    assert b"503 Service Unavailable" in refused.recv(4096)
    for page in (*open_pages, refused):
        page.close()
    limit = time.monotonic() + 10
    while b"200 OK" not in (page := follow(server)).recv(4096):
        page.close()
        assert time.monotonic() < limit
        time.sleep(0.1)
    page.close()


def test_two_hundred_idle_connections_stop_nobody(server: WebServer) -> None:
    idle = [open_socket(server) for _ in range(200)]
    try:
        for number, client in enumerate(idle):
            client.sendall(b"GET /api/updates HTTP/1.1\r\nHost: localhost\r\n\r\n" if number % 2 else b"GET / HT")
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
            assert b"i3d_source_up" in answer.read()
    finally:
        for client in idle:
            client.close()


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "for package in ('fastapi', 'uvicorn', 'prometheus_client', 'python_multipart'):\n"
        "    sys.modules[package] = None\n"
        "    try:\n"
        "        import i3d_edge.runtime.web\n"
        "    except Exception as error:\n"
        "        print(repr(error), error.hint)\n"
        "    for name in [package, *(name for name in sys.modules if name.startswith('i3d_edge.runtime.web'))]:\n"
        "        del sys.modules[name]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("DependencyError('the web page needs the package ") for line in lines)
    assert all(line.endswith(" pip install 'i3d-edge[watch]'") for line in lines)
