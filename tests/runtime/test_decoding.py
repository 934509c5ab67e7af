import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from plans import i3d_plan
from synthetic import write_numbered

from i3d_edge.core.errors import VideoOpenError
from i3d_edge.runtime import Clip, DecodePool, Restart, ShortcutError, Source, ViewPlan
from i3d_edge.runtime.frames.sources import open_source
from i3d_edge.runtime.views import decoding

PLAN = i3d_plan(num_frames=9, num_clips=2)


def video(tmp_path: Path, number: int, num_frames: int = 20) -> Source:
    path = write_numbered(tmp_path / f"{number}.mp4", num_frames)
    return Source(path.name, partial(open_source, path))


def test_feeds_come_in_the_order_of_the_videos(tmp_path: Path) -> None:
    videos = [video(tmp_path, number, 60 if number == 0 else 10) for number in range(5)]
    with DecodePool(videos, PLAN, num_workers=3) as pool:
        seen = [(feed.video.name, [view.clip for view in feed.views()], feed.outcome.error) for feed in pool]
    assert seen == [(f"{number}.mp4", [0, 1], None) for number in range(5)]


class EndlessReader:
    """Gives 50 views of each video and counts them."""

    num_made = 0
    warnings = ()
    flow_cost = None
    lock = threading.Lock()

    def __init__(self, source: object, plan: ViewPlan, *, is_stopped: Callable[[], bool]) -> None:
        self.source = source

    def __iter__(self) -> Iterator[Clip]:
        for number in range(50):
            with EndlessReader.lock:
                EndlessReader.num_made += 1
            yield Clip(np.zeros((1, 1, 1, 3), np.uint8), 0, 0, number)


@pytest.mark.parametrize("num_workers", [1, 3])
def test_decoding_runs_ahead_so_far_and_no_further(
    num_workers: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoding, "ViewReader", EndlessReader)
    monkeypatch.setattr(EndlessReader, "num_made", 0)
    videos = [video(tmp_path, number) for number in range(6)]
    most = (num_workers + 2) * 2 + num_workers
    with DecodePool(videos, PLAN, num_workers=num_workers) as pool:
        num_taken = 0
        for feed in pool:
            for _ in feed.views():
                num_taken += 1
                if num_taken in (1, 77):
                    time.sleep(0.2)  # inference is slow, and decoding does what it may
                    ahead = EndlessReader.num_made - num_taken
                    assert 0 < ahead <= most
                assert EndlessReader.num_made - num_taken <= most
    assert EndlessReader.num_made == num_taken == 6 * 50


def test_leaving_stops_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "ViewReader", EndlessReader)
    started = time.perf_counter()
    with DecodePool([video(tmp_path, number) for number in range(4)], PLAN) as pool:
        next(next(iter(pool)).views())
    assert time.perf_counter() - started < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_broken_video_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    with DecodePool([Source("bad.mp4", partial(open_source, tmp_path / "bad.mp4"))], PLAN) as pool:
        [feed] = pool
        assert list(feed.views()) == []
    assert feed.outcome is not None
    assert isinstance(feed.outcome.error, VideoOpenError)
    assert feed.outcome.timeline is None


def test_whatever_else_happens_costs_that_video_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(EndlessReader):
        def __iter__(self) -> Iterator[Clip]:
            raise ZeroDivisionError
            yield

    monkeypatch.setattr(decoding, "ViewReader", Failing)
    with DecodePool([video(tmp_path, number) for number in range(2)], PLAN) as pool:
        feeds = [feed for feed in pool if list(feed.views()) == []]
    assert [feed.outcome and str(feed.outcome.error) for feed in feeds] == [
        f"cannot use video '{number}.mp4': ZeroDivisionError:" for number in range(2)
    ]


def test_a_shortcut_that_led_astray_restarts_the_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Astray(EndlessReader):
        num_opened = 0

        def __iter__(self) -> Iterator[Clip]:
            Astray.num_opened += 1
            yield Clip(np.zeros((1, 1, 1, 3), np.uint8), 0, 0, Astray.num_opened)
            if Astray.num_opened == 1:
                raise ShortcutError

    monkeypatch.setattr(decoding, "ViewReader", Astray)
    with DecodePool([video(tmp_path, 0)], PLAN) as pool:
        [feed] = pool
        first, restart, again = feed.views()
    assert (first.clip, restart, again.clip) == (1, Restart(), 2)


def test_waiting_for_a_view_can_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(EndlessReader):
        def __iter__(self) -> Iterator[Clip]:
            for number in range(2):
                time.sleep(0.1)
                yield Clip(np.zeros((1, 1, 1, 3), np.uint8), 0, 0, number)

    monkeypatch.setattr(decoding, "ViewReader", Slow)
    with DecodePool([video(tmp_path, 0)], PLAN) as pool:
        [feed] = pool
        items = list(feed.views(0.01))
    assert [item.clip for item in items if item is not None] == [0, 1]
    assert items[0] is None
    assert 4 <= items.count(None) <= 20
    assert feed.wait_s >= 0.15


def test_a_video_is_taken_when_it_is_due(tmp_path: Path) -> None:
    taken = []

    def videos() -> Iterator[Source]:
        for number in range(10):
            taken.append(number)
            yield video(tmp_path, number, 9)

    with DecodePool(videos(), PLAN, num_workers=1) as pool:
        assert taken == []
        for feed in pool:
            list(feed.views())
            assert len(taken) <= int(feed.video.name.split(".")[0]) + 3
