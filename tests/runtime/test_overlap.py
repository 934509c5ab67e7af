"""Clips that overlap, answered in steps: the answers of whole clips, for less work."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from foreign import write_foreign_ir
from small import SPEC, write_small_ir
from synthetic import write_video
from tiny import write_tiny_ir

from i3d_edge import Classification, VideoClassifier, ViewOptions
from i3d_edge.core.errors import VideoDecodeError
from i3d_edge.runtime import ShortcutError
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.inference.session import Session
from i3d_edge.runtime.overlap import StepEngines, steps_pay

I3D = replace(SPEC, num_frames=79)
NUM_WARM_UP = 5  # steps of 2 frames until a window of 9 is full


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("small") / "small.xml")


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """The session of each step that is made."""
    sessions: list[Session] = []
    original = Session.feed
    monkeypatch.setattr(Session, "feed", lambda self, inputs: sessions.append(self) or original(self, inputs))
    return sessions


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[object]]:
    """What the network of whole clips answers."""

    def classify_all(classifier: VideoClassifier, videos: Sequence[object], views: ViewOptions) -> list[object]:
        with monkeypatch.context() as patched:
            patched.setattr("i3d_edge.runtime.overlap.steps_pay", lambda *_: False)
            return list(classifier.classify_all(videos, views))

    return classify_all


def noise(num_frames: int, side_px: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num_frames, side_px, side_px * 3 // 2, 3), np.uint8)


def require_equal(results: Sequence[object], expected: Sequence[object]) -> None:
    assert len(results) == len(expected)
    for one, other in zip(results, expected, strict=True):
        if not isinstance(other, Classification):
            assert str(one) == str(other)
            continue
        assert isinstance(one, Classification)
        assert one == other
        for view, same in zip(one.views, other.views, strict=True):
            assert np.array_equal(view.probabilities, same.probabilities), view.clip


@pytest.mark.parametrize(
    ("hop", "num_clips", "changes", "pays"),
    [
        (8, 10, {}, True),
        (8, 9, {}, False),  # the first answer takes ten steps
        (24, 6, {}, True),
        (24, 5, {}, False),
        (40, 100, {}, False),  # more than half of a clip is new
        (8, 100, {"batch": 2}, False),
        (8, 20, {"frame_stride": 2}, True),  # steps of 4 frames
        (8, 19, {"frame_stride": 2}, False),
        (9, 100, {"frame_stride": 2}, False),  # clips that have no frame in common
        (1, 100, {"frame_stride": 2}, False),
    ],
)
def test_steps_pay_where_they_are_less_work(hop: int, num_clips: int, changes: dict[str, int], pays: bool) -> None:
    assert steps_pay(replace(I3D, **changes), hop, num_clips) is pays


@pytest.mark.parametrize("num_crops", [1, 3])
def test_steps_answer_what_whole_clips_answer(
    num_crops: int, small: Path, fed: list[Session], windows: Callable[..., list[object]]
) -> None:
    views = ViewOptions(hop=2, num_crops=num_crops)
    videos = [noise(60), noise(59, seed=1), noise(7)]
    with VideoClassifier(small) as classifier:
        expected = windows(classifier, videos, views)
        assert not fed
        require_equal(list(classifier.classify_all(videos, views)), expected)
    num_whole = [(len(frames) - SPEC.num_frames) // 2 + 1 for frames in videos[:2]]
    assert len(fed) == num_crops * sum(NUM_WARM_UP - 1 + number for number in num_whole)
    assert len({*fed}) == num_crops


def test_a_video_that_fails_or_begins_again_is_not_seen_by_the_next_one(
    small: Path,
    tmp_path: Path,
    fed: list[Session],
    windows: Callable[..., list[object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["good", "torn", "astray", "last"]
    paths = [write_video(tmp_path / f"{name}.mp4", list(noise(60, seed=len(name)))) for name in names]
    original = Video.frames

    def frames(self: Video, wanted: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        for item in original(self, wanted):
            if item[0] > 40 and self.path.stem == "torn":
                raise VideoDecodeError("it is torn")
            if item[0] > 40 and self.path.stem == "astray" and not self.is_thorough:
                raise ShortcutError
            yield item

    monkeypatch.setattr(Video, "frames", frames)
    with VideoClassifier(small) as classifier:
        expected = windows(classifier, paths, ViewOptions(hop=2))
        assert [isinstance(result, Classification) for result in expected] == [True, False, True, True]
        require_equal(list(classifier.classify_all(paths, ViewOptions(hop=2))), expected)
    assert len(fed) > 5 * 16


def test_threads_share_the_steps_and_no_session(
    small: Path, fed: list[Session], windows: Callable[..., list[object]]
) -> None:
    videos = [noise(60, seed=seed) for seed in range(4)]
    with VideoClassifier(small) as classifier:
        expected = windows(classifier, videos, ViewOptions(hop=2))
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda video: classifier.classify(video, ViewOptions(hop=2)), videos))
    require_equal(results, expected)
    assert len({*fed}) == 4


@pytest.mark.parametrize("stream", ["flow", "joint"])
def test_flow_is_stepped_too(
    stream: str, tmp_path: Path, fed: list[Session], windows: Callable[..., list[object]]
) -> None:
    fields = {"weights": np.eye(3, 5, dtype=np.float32), "fusion": "logits" if stream == "joint" else None}
    path = write_tiny_ir(tmp_path / "tiny.xml", sees_time=True, stream=stream, **fields)
    with VideoClassifier(path, flow="dis") as classifier:
        expected = windows(classifier, [noise(60)], ViewOptions(hop=2))
        require_equal([classifier.classify(noise(60), ViewOptions(hop=2))], expected)
    assert fed


def test_another_network_steps_over_every_second_sample(
    tmp_path: Path, fed: list[Session], windows: Callable[..., list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("i3d_edge.runtime.overlap._WORTH_MAKING", 1)
    path, video = write_foreign_ir(tmp_path / "net.xml"), noise(145, 256)
    with VideoClassifier(path, spec=path.with_suffix(".json"), inference_precision="f32") as classifier:
        expected = windows(classifier, [video], ViewOptions(hop=16))
        require_equal([classifier.classify(video, ViewOptions(hop=16))], expected)
    assert fed


def test_an_engine_of_steps_is_made_once_enough_views_were_to_be_answered(small: Path) -> None:
    engines = StepEngines(small, device="cpu", spec_path=None)
    assert engines.find(2, 12) is None
    first = engines.find(2, 12)
    assert first is not None
    assert engines.find(2, 1) is first
    assert engines.find(4, 1) is None
    assert engines.find(2, 1) is first
    other = engines.find(4, 20)
    assert other is not None
    assert other.spec.stepping.hop == 4
    assert StepEngines(small, device="AUTO:CPU", spec_path=None).find(2, 100) is None


def test_a_network_without_such_steps_is_shown_whole_clips(tmp_path: Path, fed: list[Session]) -> None:
    with VideoClassifier(write_small_ir(tmp_path / "flat.xml", is_flat=True)) as classifier:
        assert len(classifier.classify(noise(60), ViewOptions(hop=2)).views) == 27
    assert not fed


def test_steps_are_not_made_of_a_model_that_was_replaced(
    small: Path, tmp_path: Path, fed: list[Session], windows: Callable[..., list[object]]
) -> None:
    for path in (small, small.with_suffix(".bin")):
        shutil.copy(path, tmp_path)
    with VideoClassifier(tmp_path / small.name) as classifier:
        expected = windows(classifier, [noise(60)], ViewOptions(hop=2))
        weights = tmp_path / "small.bin"
        weights.write_bytes(weights.read_bytes()[::-1])
        require_equal([classifier.classify(noise(60), ViewOptions(hop=2))], expected)
    assert not fed
