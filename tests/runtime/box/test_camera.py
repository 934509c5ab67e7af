"""A camera whose turns are taken one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live import numbered
from small import write_small_ir
from synthetic import write_video

from i3d_edge.core.errors import StreamLostError
from i3d_edge.runtime.box.box import Box
from i3d_edge.runtime.box.camera import Camera, CameraPlan, Shared
from i3d_edge.runtime.live import Event, StreamOptions
from i3d_edge.runtime.live.lane import Ended

OPTIONS = StreamOptions(hop=5, smoothing="none", on=0.01, off=0.005, is_real_time=True, is_looped=True)


class OneCamera:
    """A camera of two regions, and the actions that were told of."""

    def __init__(self, folder: Path) -> None:
        write_small_ir(folder / "small.xml")
        write_video(folder / "film.mp4", numbered(range(60)))
        self.shared: Shared = Box(folder / "small.xml", {}, [], say=print)._shared
        plan = CameraPlan(str(folder / "film.mp4"), OPTIONS, {"left": None, "right": None})
        self.camera = Camera("door", plan, self.shared)
        self.under_way: set[tuple[str | None, str | None]] = set()

    def turn(self) -> None:
        self.tell(item for item in self.shared.turns.take(5) if isinstance(item, Event))

    def tell(self, events: Iterator[Event]) -> None:
        for event in events:
            if event.type == "start":
                self.under_way.add((event.region, event.id))
            elif event.type == "end":
                self.under_way.remove((event.region, event.id))

    @property
    def regions(self) -> set[str | None]:
        return {region for region, _ in self.under_way}


@contextmanager
def acting(folder: Path) -> Iterator[OneCamera]:
    one = OneCamera(folder)
    try:
        while one.regions != {"left", "right"}:
            one.turn()
        yield one
    finally:
        one.camera.close()


def test_a_lane_that_had_no_turn_before_its_source_begins_anew_has_its_actions_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("i3d_edge.runtime.box.camera._FIRST_S", 0.01)
    with acting(tmp_path) as one:
        one.camera._stop.set()
        for lane in one.camera._lanes:
            lane.note(Ended(StreamLostError("gone")))
        while len(one.regions) == 2:
            one.turn()
        monkeypatch.setattr(one.camera, "_begin_s", 0.0)
        one.tell(iter(one.camera.check()))
        assert not one.under_way


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StreamLostError("it is gone", hint="--reconnect forever keeps trying"), "it is gone"),
        (ValueError("no such picture"), "ValueError: no such picture"),
    ],
)
def test_whatever_ends_a_reader_costs_no_more_than_its_camera(error: Exception, reason: str, tmp_path: Path) -> None:
    with acting(tmp_path) as one:
        for lane in one.camera._lanes:
            lane.note(Ended(error))
        while one.camera.report().state != "down":
            one.turn()
        assert one.camera.report().reason == reason


def test_the_actions_of_a_source_that_breaks_off_are_ended_before_it_is_back(tmp_path: Path) -> None:
    with acting(tmp_path) as one:
        before = set(one.under_way)
        one.camera._source._changed("down", "gone")
        for _ in range(8):
            one.turn()
        assert not before & one.under_way


def test_a_source_that_was_given_up_says_nothing_of_the_one_in_its_place(tmp_path: Path) -> None:
    with acting(tmp_path) as one:
        old = one.camera._source
        one.camera._begin_s = 0.0
        one.camera.check()
        old._changed("down", "gone")
        assert one.camera.report().state != "down"
