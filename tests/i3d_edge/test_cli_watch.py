"""`i3d watch` as a service: in a process of its own, under a manager that speaks systemd's protocol."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from live import numbered
from small import write_small_ir
from synthetic import write_video

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "i3d-watch.service"


class Service:
    """A folder with a configuration, and the process that watches by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str]
        write_small_ir(folder / "small.xml")
        write_video(folder / "film.mp4", numbered(range(60)))

    def write(self, *cameras: str) -> None:
        camera = {"source": "film.mp4", "loop": True, "real_time": True, "hop": 5, "on": 0.01, "off": 0.005}
        config = {"model": "small.xml", "web": None, "clips": None, "cameras": dict.fromkeys(cameras, camera)}
        (self.folder / "cameras.yaml").write_text(json.dumps(config))

    @contextmanager
    def running(self) -> Iterator[socket.socket]:
        """Start it; what it tells its manager arrives at the socket."""
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(notify))
            manager.settimeout(30)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "i3d_edge", "watch", "cameras.yaml", "-q"],
                cwd=self.folder,
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                yield manager
            finally:
                self.process.kill()
                self.process.communicate()

    def events(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "i3d-watch" / "events").glob("*.jsonl"))
        lines = (line for path in paths for line in path.read_text().splitlines(keepends=True))
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for(self, kind: str, camera: str) -> None:
        deadline_s = time.monotonic() + 20
        while (kind, camera) not in {(event["type"], event["camera"]) for event in self.events()}:
            assert time.monotonic() < deadline_s
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.05)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_the_manager_is_told_and_heard(service: Service) -> None:
    service.write("a")
    with service.running() as manager:
        assert manager.recv(100) == b"READY=1"
        assert [manager.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        service.wait_for("start", "a")
        service.write("b")
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("start", "b")
        (service.folder / "cameras.yaml").write_text("model: none.xml")
        service.process.send_signal(signal.SIGHUP)
        manager.setblocking(False)
        with suppress(BlockingIOError):  # what came meanwhile; the system keeps a few
            while manager.recv(100):
                pass
        manager.settimeout(5)
        for _ in range(3):  # what is wrong is not taken, and is no end
            assert manager.recv(100) == b"WATCHDOG=1"
        service.process.send_signal(signal.SIGTERM)
        told = [b"WATCHDOG=1"]
        while told[-1] == b"WATCHDOG=1":
            told.append(manager.recv(100))
        assert told[-1] == b"STOPPING=1"
        _, errors = service.process.communicate(timeout=20)
    assert service.process.returncode == 0
    events = service.events()
    for camera in ("a", "b"):
        own = [event for event in events if event["camera"] == camera]
        assert {event["id"] for event in own} == {event["id"] for event in own if event["type"] == "end"}
    assert "the configuration was not taken:\ncameras.yaml:1: model: cannot be read" in errors
    assert "\ncameras.yaml:1: 'cameras' is missing\n" in errors


def test_after_a_kill_the_next_start_ends_what_was_open(service: Service) -> None:
    service.write("a")
    with service.running():
        service.wait_for("start", "a")
    open_ids = {event["id"] for event in service.events()} - {
        event["id"] for event in service.events() if event["type"] == "end"
    }
    with service.running() as manager:
        assert manager.recv(100) == b"READY=1"
        ended = {event["id"]: event["reason"] for event in service.events() if event["type"] == "end"}
    assert open_ids
    assert {ended[name] for name in open_ids} == {"the watch was interrupted"}


def test_ctrl_c_has_the_exit_code_that_the_unit_takes_for_success(service: Service) -> None:
    service.write("a")
    with service.running() as manager:
        assert manager.recv(100) == b"READY=1"
        service.process.send_signal(signal.SIGINT)
        code = service.process.wait(20)
    assert f"SuccessExitStatus={code}" in UNIT.read_text().splitlines()
