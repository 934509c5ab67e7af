from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_box import Connect, FakeBox
from starlette.testclient import TestClient
from tiny import write_tiny_ir

from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.settings import WebConfig
from i3d_edge.runtime.web import WebServer, WebSink


@pytest.fixture(scope="session")
def tiny_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(write_tiny_ir(tmp_path_factory.mktemp("tiny") / "tiny.xml"))


@pytest.fixture
def box(tiny_engine: Engine) -> FakeBox:
    return FakeBox.of(tiny_engine)


@pytest.fixture
def sink(tmp_path: Path) -> WebSink:
    return WebSink(tmp_path)


@pytest.fixture
def connect(box: FakeBox, sink: WebSink, tmp_path: Path) -> Connect:
    """Make a client of a server that does not listen; arguments are the server's."""

    def client(*, base_url: str = "http://localhost:8080", token: str | None = None, **options: Any) -> TestClient:
        server = WebServer(box, sink, WebConfig(token=token), state=tmp_path, model="tiny", **options)
        (tmp_path / "uploads").mkdir(exist_ok=True)
        return TestClient(server.app, base_url=base_url, follow_redirects=False)

    return client
