"""Many cameras, one model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live import grey, hanging, numbered
from small import SPEC, write_small_ir
from synthetic import write_video
from waiting import until

from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.errors import LabelError
from i3d_edge.runtime.box import Box
from i3d_edge.runtime.box.camera import CameraPlan, View
from i3d_edge.runtime.live import Event, LiveStream, StreamOptions, WindowAnswer
from i3d_edge.runtime.live.report import SourceState

LOOPED = StreamOptions(hop=5, smoothing="none", on=0.01, off=0.005, is_real_time=True, is_looped=True)
ONCE = StreamOptions(hop=5, smoothing="none", on=0.01, off=0.005)


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.answers: list[WindowAnswer] = []
        self.events: list[Event] = []
        self.states: list[tuple[str, SourceState, str | None]] = []
        self.said: list[str] = []

    def answered(self, answer: WindowAnswer) -> None:
        self.answers.append(answer)

    def happened(self, event: Event) -> None:
        self.events.append(event)

    def changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        self.states.append((camera, state, reason))

    def of(self, camera: str, region: str | None = None) -> list[WindowAnswer]:
        return [answer for answer in self.answers if (answer.camera, answer.region) == (camera, region)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box")
    write_small_ir(folder / "window.xml")
    make_step_ir(folder / "window.xml", folder / "exact.xml", hop=2, mode="exact")
    write_video(folder / "film.mp4", numbered(range(60)))
    return folder


def plan(
    source: object, options: StreamOptions = LOOPED, regions: Mapping[str | None, View | None] | None = None
) -> CameraPlan:
    return CameraPlan(str(source), options, regions or {None: None})


@contextmanager
def running(model: Path, plans: Mapping[str, CameraPlan]) -> Iterator[tuple[Box, Told]]:
    told = Told()
    box = Box(model, plans, [told], say=told.said.append)
    thread = threading.Thread(target=box.run)
    thread.start()
    try:
        yield box, told
    finally:
        box.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_each_camera_and_region_is_answered_as_if_it_were_alone(folder: Path) -> None:
    def right(pixels: np.ndarray) -> np.ndarray:
        return pixels[:, 48:]

    plans = {"a": plan(folder / "film.mp4", ONCE), "b": plan(folder / "film.mp4", ONCE, {"all": None, "right": right})}
    with running(folder / "window.xml", plans) as (box, told):
        until(lambda: box.is_ready and all(report.state == "down" for report in box.cameras().values()))
        assert box.is_ready
        assert {report.reason for report in box.cameras().values()} == {"it is over"}
    alone = list(LiveStream(str(folder / "film.mp4"), SPEC, box.engine.probabilities, ONCE))
    expected = [item.predictions for item in alone if isinstance(item, WindowAnswer)]
    assert [answer.predictions for answer in told.of("a")] == expected
    assert [answer.predictions for answer in told.of("b", "all")] == expected
    assert len(told.of("b", "right")) == len(expected)
    assert [answer.predictions for answer in told.of("b", "right")] != expected
    assert {(event.camera, event.region) for event in told.events} == {("a", None), ("b", "all"), ("b", "right")}
    starts, ends = ([event.id for event in told.events if event.type == kind] for kind in ("start", "end"))
    assert sorted(map(str, starts)) == sorted(map(str, ends))


def test_a_file_that_is_watched_again_has_other_events(folder: Path) -> None:
    found = []
    for _ in range(2):
        with running(folder / "window.xml", {"a": plan(folder / "film.mp4", ONCE)}) as (box, told):
            until(lambda: box.is_ready and box.cameras()["a"].state == "down")
        found.append([event.id for event in told.events if event.id])
    assert found[0]
    assert not {*found[0]} & {*found[1]}
    options = replace(ONCE, camera="a")
    alone = LiveStream(str(folder / "film.mp4"), SPEC, box.engine.probabilities, options)
    own = [item.id for item in alone if isinstance(item, Event) and item.id]
    assert [event_id.partition("-")[2] for event_id in found[1]] == own
    assert sorted(found[0]) + sorted(found[1]) == sorted(found[0] + found[1])


def test_cameras_that_hang_or_are_not_there_cost_the_others_nothing(folder: Path, tmp_path: Path) -> None:
    with hanging() as host:
        plans = {
            "good": plan(folder / "film.mp4"),
            "hangs": plan(f"rtsp://{host}/1"),
            "absent": plan(tmp_path / "none.mp4"),
        }
        with running(folder / "window.xml", plans) as (box, told):
            until(lambda: len(told.of("good")) > 10 and box.cameras()["absent"].reason)
            reports = box.cameras()
            assert reports["good"].state == "up"
            assert reports["hangs"].state == "connecting"
            assert not box.is_ready
            assert "none.mp4" in (reports["absent"].reason or "")
            assert reports["good"].regions[None].statistics.num_dropped == 0
            assert any("absent: " in text and text.endswith("beginning anew in 5 s") for text in told.said)


def test_many_cameras_that_hang_are_not_waited_for_one_by_one(folder: Path) -> None:
    with hanging() as host:
        with running(folder / "window.xml", {f"{n}": plan(f"rtsp://{host}/{n}") for n in range(5)}) as (box, _):
            until(lambda: len(box.cameras()) == 5)
            time.sleep(0.5)
            box.stop()
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 3


def test_a_source_that_failed_is_begun_anew(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.box.camera._FIRST_S", 0.3)
    source = tmp_path / "late.mp4"
    with running(folder / "window.xml", {"late": plan(source)}) as (box, told):
        until(lambda: box.is_ready)
        source.write_bytes((folder / "film.mp4").read_bytes())
        until(lambda: len(told.of("late")) > 2)
        assert box.cameras()["late"].state == "up"
    states = [state for _, state, _ in told.states]
    assert states == ["connecting", "down"] * (len(states) // 2 - 1) + ["connecting", "up"]
    assert told.events[-1].type == "end"


def test_a_new_plan_leaves_the_other_cameras_alone(folder: Path) -> None:
    film = folder / "film.mp4"
    with running(folder / "window.xml", {"a": plan(film), "b": plan(film)}) as (box, told):
        until(lambda: told.of("a") and told.of("b"))
        box.replan({"a": plan(film), "c": plan(film)})
        until(lambda: told.of("c"))
        assert list(box.cameras()) == ["a", "c"]
        num_b = len(told.of("b"))
        num_a = len(told.of("a"))
        until(lambda: len(told.of("a")) > num_a + 2)
        assert len(told.of("b")) == num_b
    assert [answer.begins for answer in told.of("a")].count(True) == 1
    assert [event.type for event in told.events if event.camera == "b"][-1] == "end"


def test_a_window_in_which_nothing_moves_is_not_shown_to_the_model(folder: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "still.mp4", grey((90, 60)))
    options = StreamOptions(hop=5, smoothing="none", motion=0.01)
    plans = {"still": plan(tmp_path / "still.mp4", options), "moves": plan(folder / "film.mp4", options)}
    with running(folder / "window.xml", plans) as (box, told):
        until(lambda: box.is_ready and all(report.state == "down" for report in box.cameras().values()))
        still, moves = (box.cameras()[name].regions[None].statistics for name in ("still", "moves"))
    assert (still.num_windows, still.num_still) == (11, 11)
    assert moves.num_still == 0
    assert not any(answer.probabilities.any() for answer in told.of("still"))


def test_too_many_cameras_for_steps_are_answered_by_windows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = {name: plan(folder / "film.mp4") for name in ("a", "b")}
    told = Told()
    box = Box(folder / "exact.xml", plans, [told], say=told.said.append)
    slow_feed, window = box.engine.session, box._shared.window
    assert window is not None

    def session() -> object:
        made = slow_feed()
        feed = made.feed

        def slowly(clip: np.ndarray) -> object:
            time.sleep(0.3)
            return feed(clip)

        made.feed = slowly
        return made

    monkeypatch.setattr(box.engine, "session", session)
    thread = threading.Thread(target=box.run)
    thread.start()
    try:
        until(lambda: len(told.of("a")) > 5 and len(told.of("b")) > 5)
    finally:
        box.stop()
        thread.join(10)
    assert any(text.startswith("too many cameras for steps") for text in told.said)


def test_a_fault_of_the_model_ends_the_box(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    box = Box(folder / "window.xml", {"a": plan(folder / "film.mp4")}, [told], say=told.said.append)

    class Broken:
        def feed(self, _clip: object) -> None:
            raise RuntimeError("device lost")

        def reset(self) -> None:
            pass

    monkeypatch.setattr(box.engine, "session", Broken)
    with pytest.raises(RuntimeError, match="device lost"):
        box.run()


def test_a_model_that_hangs_is_noticed_although_other_workers_have_nothing_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(folder / "window.xml", {"a": plan(folder / "film.mp4")}, [], say=print)
    goes_on = threading.Event()

    class Hanging:
        def feed(self, _clip: object) -> None:
            goes_on.wait(20)

        def reset(self) -> None:
            pass

    monkeypatch.setattr(box.engine, "session", Hanging)
    thread = threading.Thread(target=box.run)
    thread.start()
    try:
        until(lambda: time.monotonic() - box.turned_s > 1)
    finally:
        goes_on.set()
        box.stop()
        thread.join(10)


def test_a_picture_is_the_newest_frame(folder: Path) -> None:
    with running(folder / "window.xml", {"a": plan(folder / "film.mp4")}) as (box, told):
        until(lambda: told.of("a"))
        picture = box.picture("a", 48)
        assert picture is not None
        assert picture.shape == (24, 48, 3)
        assert box.picture("b", 48) is None


def test_a_label_that_the_model_lacks_is_refused(folder: Path) -> None:
    options = StreamOptions(labels=["x"])
    with pytest.raises(LabelError):
        Box(folder / "window.xml", {"a": plan(folder / "film.mp4", options)}, [], say=print).run()
