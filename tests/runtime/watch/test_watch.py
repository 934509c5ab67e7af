"""A watch as its configuration describes it: cameras, journal, clips and page together."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
from live import numbered
from small import write_small_ir
from synthetic import write_video
from waiting import until

from i3d_edge.core.errors import ConfigError, OutputError
from i3d_edge.runtime.settings import read_config
from i3d_edge.runtime.watch import Watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watch")
    write_small_ir(folder / "small.xml")
    write_video(folder / "film.mp4", numbered(range(60)))
    return folder


class Box:
    """A folder with a configuration, and what its watch tells."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.path, self.state = folder / f"{state.name}.yaml", state
        self.events: list[dict[str, Any]] = []
        self.said: list[str] = []

    def write(self, *cameras: str, **more: Any) -> None:
        camera = {"source": "film.mp4", "loop": True, "real_time": True, "hop": 5, "on": 0.01, "off": 0.005}
        parts = {"clips": {"before_s": 1, "after_s": 1}, "web": None, **more}
        config = {"model": "small.xml", "state": str(self.state), "cameras": dict.fromkeys(cameras, camera), **parts}
        self.path.write_text(json.dumps(config))  # which is YAML, too

    @contextmanager
    def running(self) -> Iterator[Watch]:
        def tell(line: str) -> None:
            assert line in self.journal()
            self.events.append(json.loads(line))

        with Watch(read_config(self.path), say=self.said.append, tell=tell) as watch:
            thread = threading.Thread(target=watch.box.run)
            thread.start()
            try:
                yield watch
            finally:
                watch.box.stop()
                thread.join(10)

    def journal(self) -> str:
        return "".join(path.read_text() for path in sorted((self.state / "events").iterdir()))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@pytest.fixture
def box(folder: Path, tmp_path: Path) -> Box:
    return Box(folder, tmp_path)


def test_each_event_is_journalled_before_it_is_told_and_has_a_clip(box: Box) -> None:
    box.write("a", "b")
    with box.running():
        until(lambda: {event["camera"] for event in box.of("start")} == {"a", "b"})
        time.sleep(1)
    assert {event["id"] for event in box.of("start")} == {event["id"] for event in box.of("end")}
    notes = [json.loads(path.read_text()) for path in box.state.glob("clips/*/*.json")]
    assert {note["event"]["id"] for note in notes} == {event["id"] for event in box.of("end")}
    for note in notes:
        [path] = box.state.glob(f"clips/*/{note['video']}")
        with av.open(str(path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) == pytest.approx(25 * note["duration_s"], abs=2)


def test_what_a_killed_watch_left_open_is_ended_at_the_next_start(box: Box) -> None:
    box.write("a")
    with box.running():
        until(lambda: box.of("start"))
    [path] = (box.state / "events").iterdir()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"type": "end"' not in line) + '{"type": "sta')
    box.events.clear()
    with Watch(read_config(box.path), say=box.said.append, tell=lambda line: box.events.append(json.loads(line))):
        pass
    assert {event["reason"] for event in box.of("end")} == {"the watch was interrupted"}
    assert len(box.of("end")) == sum('"type": "start"' in line for line in lines)


def test_a_second_watch_of_the_same_state_is_refused_and_ends_nothing(box: Box) -> None:
    box.write("a")
    with box.running():
        until(lambda: box.of("start"))
        with pytest.raises(OutputError, match="another process is writing in folder"):
            Watch(read_config(box.path), say=print, tell=print)
        assert not [event for event in box.of("end") if event.get("reason")]


def test_changed_cameras_are_taken_and_the_others_go_on(box: Box) -> None:
    box.write("a", "b")
    with box.running() as watch:
        until(lambda: len({event["camera"] for event in box.of("start")}) == 2)
        box.write("a", "c", device="AUTO")
        watch.reload(read_config(box.path))
        assert "only cameras are changed; for what is new in 'device', start anew" in box.said
        until(lambda: any(event["camera"] == "c" for event in box.of("start")))
        assert {event["camera"] for event in box.of("end")} == {"b"}
        box.said.clear()
        box.write("a", "c")
        watch.reload(read_config(box.path))
        assert not any("start anew" in text for text in box.said)
        box.write("a", defaults={"labels": ["z"]})
        with pytest.raises(ConfigError, match="is no label of 'letters'"):
            watch.reload(read_config(box.path))
        assert set(watch.box.cameras()) == {"a", "c"}


def test_a_broker_gets_the_state_of_a_new_camera_that_comes_at_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = {"host": "127.0.0.1", "port": 1}
    box.write("a", mqtt=closed, clips=None)
    with box.running() as watch:
        replan = watch.box.replan

        def slowly(plans: Any) -> None:
            replan(plans)
            until(lambda: watch.box.cameras()["c"].state == "up")

        monkeypatch.setattr(watch.box, "replan", slowly)
        box.write("a", "c", mqtt=closed, clips=None)
        watch.reload(read_config(box.path))
        assert watch._mqtt is not None
        assert json.loads(watch._mqtt._retained["i3d/c/state"])["state"] == "up"


def test_the_page_shows_the_cameras(box: Box) -> None:
    box.write("a", web={"address": "127.0.0.1:0"}, clips=None)
    with box.running() as watch:
        until(lambda: watch.box.is_ready and box.of("start"))
        assert watch.url is not None
        with urllib.request.urlopen(f"{watch.url}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        assert 'i3d_source_up{camera="a"} 1.0' in metrics
        with urllib.request.urlopen(f"{watch.url}/readyz", timeout=5) as answer:
            assert answer.status == 200
    assert not (box.state / "clips").exists()
