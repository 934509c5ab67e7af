import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from synthetic import write_numbered, write_video
from tiny import write_tiny_ir

from i3d_edge import VideoClassifier
from i3d_edge.core.errors import ClipShapeError, VideoOpenError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime import FrameSource, ShortcutError, Source, open_source
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.prediction import top_k
from i3d_edge.runtime.views.options import ViewOptions

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_ir(tmp_path_factory.mktemp("tiny") / "tiny.xml")


def coloured(path: Path, *colours: str, num_frames: int = 20) -> Path:
    """Write a video that shows colours one after the other, so many frames of each."""
    frames = [np.full((48, 64, 3), COLOURS[name], np.uint8) for name in colours for _ in range(num_frames)]
    return write_video(path, frames)


def test_the_network_on_a_file_and_on_its_frames(ir_path: Path, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 40)
    with VideoClassifier(ir_path, inference_precision="f32") as classifier:
        result = classifier.classify(path, ViewOptions(num_clips=2), k=3)
        again = classifier.classify(str(path), ViewOptions(num_clips=2), k=3)
    assert result == again
    assert [view.start_s for view in result.views] == [0, 31 / 25]
    assert len(result.predictions) == 3
    probabilities = [item.prob for item in result.predictions]
    assert probabilities == sorted(probabilities, reverse=True)
    assert result.duration_s == 1.6


def test_a_compiled_model_is_shared(tiny: Path, tmp_path: Path) -> None:
    """Steps, which would be made of the file, are not: every clip runs by itself."""
    path, views = write_numbered(tmp_path / "video.mp4", 80), ViewOptions(hop=2)
    engine = Engine(tiny)
    with VideoClassifier(tiny) as own, VideoClassifier(engine) as first, VideoClassifier(engine) as second:
        expected = own.classify(path, views)
        assert first.classify(path, views) == second.classify(path, views)
        assert first.engine is second.engine is engine
        assert [view.start_s for view in first.classify(path, views).views] == [view.start_s for view in expected.views]


def test_views_are_averaged(tiny: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (18, 24, 24, 3), dtype=np.uint8)
    with VideoClassifier(tiny) as classifier:
        both = classifier.classify(frames, ViewOptions(num_clips=2))
        alone = np.stack([classifier.classify(part).views[0].probabilities for part in (frames[:9], frames[9:])])
        logits = classifier.classify(frames, ViewOptions(num_clips=2, fusion="logits"))
    assert np.array_equal([view.probabilities for view in both.views], alone)
    assert {item.index: item.prob for item in both.predictions} == pytest.approx(dict(enumerate(alone.mean(axis=0))))
    product = np.sqrt(alone[0] * alone[1])
    assert {item.index: item.prob for item in logits.predictions} == pytest.approx(
        dict(enumerate(product / product.sum())), rel=1e-4
    )


def test_a_hop_tells_what_happens_when(tiny: Path, tmp_path: Path) -> None:
    path = coloured(tmp_path / "video.mp4", "red", "green", "blue")
    with VideoClassifier(tiny) as classifier:
        result = classifier.classify(path, ViewOptions(hop=17))
        names = [classifier.spec.labels.names[view.probabilities.argmax()] for view in result.views]
    assert [round(view.start_s * 25) for view in result.views] == [0, 17, 34, 51]
    assert names == ["red", "green", "green", "blue"]  # the window at 34 sees 6 green frames and then 3 blue ones


def test_three_crops_are_three_views(tiny: Path, tmp_path: Path) -> None:
    frame = np.zeros((48, 96, 3), np.uint8)
    for third, colour in enumerate(COLOURS.values()):
        frame[:, 32 * third : 32 * third + 32] = colour
    path = write_video(tmp_path / "wide.mp4", [frame] * 9)
    with VideoClassifier(tiny) as classifier:
        result = classifier.classify(path, ViewOptions(num_crops=3))
        names = [classifier.spec.labels.names[view.probabilities.argmax()] for view in result.views]
    assert [view.crop for view in result.views] == [0, 1, 2]
    assert names == ["red", "green", "blue"]


def test_a_folder_of_images_and_an_array_are_videos(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    frames = np.full((12, 24, 24, 3), COLOURS["blue"], np.uint8)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"frames/image_{number:05d}.png"), frame[..., ::-1])
    np.save(tmp_path / "clip.npy", ((frames / 127.5) - 1).astype(np.float32)[np.newaxis])
    with VideoClassifier(tiny) as classifier:
        results = [
            classifier.classify(tmp_path / "frames", ViewOptions(frames_fps=Fraction(25))),
            classifier.classify(tmp_path / "clip.npy"),
            classifier.classify(frames),
        ]
    assert [result.predictions[0].label for result in results] == ["blue"] * 3
    assert len({result.predictions for result in results}) == 1


def test_a_bad_file_raises_and_leaves_the_classifier_usable(tiny: Path, tmp_path: Path) -> None:
    with VideoClassifier(tiny) as classifier:
        with pytest.raises(VideoOpenError):
            classifier.classify(tmp_path / "no.mp4")
        with pytest.raises(ClipShapeError, match="frames must be pixels"):
            classifier.classify(np.zeros((9, 3, 24, 24), np.uint8))
        assert classifier.classify(np.zeros((16, 24, 24, 3), np.uint8)).predictions


def test_a_closed_classifier_says_so(tiny: Path) -> None:
    classifier = VideoClassifier(tiny)
    classifier.close()
    with pytest.raises(ValueError, match="classifier is closed"):
        classifier.classify(np.zeros((16, 24, 24, 3), np.uint8))


def test_top_k_is_stable_for_equal_probabilities() -> None:
    labels = LabelSet("letters", ("a", "b", "c", "d"))
    best = top_k(np.array([0.2, 0.3, 0.3, 0.2]), labels, 3)
    assert [(item.label, item.index) for item in best] == [("b", 1), ("c", 2), ("a", 0)]


@pytest.mark.parametrize("mode", ["latency", "throughput"])
def test_all_videos_in_order_with_failures_in_their_place(mode: str, tiny: Path, tmp_path: Path) -> None:
    good = [coloured(tmp_path / f"{name}.mp4", name) for name in COLOURS]
    (tmp_path / "bad.mp4").write_text("no video")
    np.save(tmp_path / "bad.npy", np.zeros((9, 24, 24)))
    paths = [good[0], tmp_path / "bad.mp4", good[1], tmp_path / "bad.npy", good[2]]
    with VideoClassifier(tiny, mode=mode) as classifier:
        results = list(classifier.classify_all(iter(paths), ViewOptions(num_clips=3)))
        alone = [classifier.classify(path, ViewOptions(num_clips=3)) for path in good]
    assert isinstance(results[1], VideoOpenError)
    assert isinstance(results[3], ClipShapeError)
    assert results[::2] == alone
    assert [result.predictions[0].label for result in alone] == list(COLOURS)


def test_a_batch_is_filled_across_videos(tmp_path: Path) -> None:
    paths = [coloured(tmp_path / f"{name}.mp4", name) for name in COLOURS]
    with VideoClassifier(write_tiny_ir(tmp_path / "batch.xml", batch=4)) as classifier:
        inferences = []
        original = classifier.engine._read
        classifier.engine._read = lambda results: inferences.append(1) or original(results)
        results = list(classifier.classify_all(paths * 2, ViewOptions(num_clips=2)))
    assert [result.predictions[0].label for result in results] == list(COLOURS) * 2
    assert len(inferences) == 3  # six videos of two views, four at a time


def test_views_from_before_a_restart_do_not_count(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = coloured(tmp_path / "video.mp4", "red", "green")
    with VideoClassifier(tiny) as classifier:
        expected = classifier.classify(path, ViewOptions(num_clips=4))
        original = Video.frames

        def astray(self, wanted):
            for item in original(self, wanted):
                yield item
                if item[0] > 25 and not self.is_thorough:
                    raise ShortcutError

        monkeypatch.setattr(Video, "frames", astray)
        assert classifier.classify(path, ViewOptions(num_clips=4)) == expected


def test_an_answer_does_not_wait_for_the_next_video(tiny: Path, tmp_path: Path) -> None:
    path = coloured(tmp_path / "red.mp4", "red")
    is_answered = threading.Event()

    def late(*, thorough: bool) -> FrameSource:
        assert is_answered.wait(10)
        return open_source(path, thorough=thorough)

    with VideoClassifier(tiny) as classifier:
        for result in classifier.classify_all([path, Source("late", late)]):
            assert result.predictions[0].label == "red"
            is_answered.set()


def test_threads_get_the_answers_of_their_own_videos(tiny: Path, tmp_path: Path) -> None:
    paths = {name: coloured(tmp_path / f"{name}.mp4", name) for name in COLOURS}
    with VideoClassifier(tiny, mode="throughput") as classifier:
        alone = {name: classifier.classify(path, ViewOptions(num_clips=3)) for name, path in paths.items()}
        with ThreadPoolExecutor(6) as pool:
            futures = [
                (name, pool.submit(classifier.classify, path, ViewOptions(num_clips=3))) for name, path in paths.items()
            ] * 4
            assert all(future.result() == alone[name] for name, future in futures)


def test_one_stream_of_answers_may_be_left_half_read(tiny: Path, tmp_path: Path) -> None:
    path = coloured(tmp_path / "red.mp4", "red")
    with VideoClassifier(tiny) as classifier:
        for result in classifier.classify_all([path] * 3):
            assert classifier.classify(path) == result
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("decode", "classify"))]


def test_an_event_loop_goes_on_meanwhile(tiny: Path, tmp_path: Path) -> None:
    """As the page on classifying says."""
    paths = {name: coloured(tmp_path / f"{name}.mp4", name) for name in COLOURS}

    async def main() -> list[str]:
        with VideoClassifier(tiny) as classifier:
            tasks = [asyncio.to_thread(classifier.classify, path, k=1) for path in paths.values()]
            return [result.predictions[0].label for result in await asyncio.gather(*tasks)]

    assert asyncio.run(main()) == list(COLOURS)


def test_a_long_video_takes_no_more_memory_than_a_short_one(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: set[int] = set()
    most = 0
    lock = threading.Lock()

    class Counted(np.ndarray):
        def __del__(self) -> None:
            with lock:
                alive.discard(id(self))

    from i3d_edge.runtime.views import plan as views

    original = views.Clip.__init__

    def counted(self, frames, *args) -> None:
        nonlocal most
        frames = frames.view(Counted)
        with lock:
            alive.add(id(frames))
            most = max(most, len(alive))
        original(self, frames, *args)

    monkeypatch.setattr(views.Clip, "__init__", counted)
    path = coloured(tmp_path / "long.mp4", "red", "green", num_frames=150)
    with VideoClassifier(tiny) as classifier:
        monkeypatch.setattr(classifier, "_num_decoders", 2)
        num_views = len(classifier.classify(path, ViewOptions(hop=2)).views)
    assert num_views == 147  # (300 - 9) / 2, one more at the start, and the last one
    assert most < 30


FORKED = """
import os, sys, warnings
from i3d_edge import I3DError, VideoClassifier, open_stream
warnings.simplefilter("ignore")
path, video = sys.argv[1:]
classifier, stream = VideoClassifier(path), open_stream(video, path)
classifier.classify(video)
uses = [
    lambda: classifier.classify(video),
    lambda: list(stream),
    lambda: VideoClassifier(path).classify(video),
]
if (child := os.fork()) == 0:
    for use in uses:
        try:
            use()
            print("answered")
        except I3DError as error:
            print(type(error).__name__)
    classifier.close()
    sys.exit()
print(os.waitpid(child, 0)[1])
"""


def test_a_child_that_was_forked(tmp_path: Path) -> None:
    """It would wait for threads that it does not have, also when it ends."""
    ir, video = write_tiny_ir(tmp_path / "m.xml"), write_numbered(tmp_path / "v.mp4", 30)
    done = subprocess.run(
        [sys.executable, "-c", FORKED, ir, video], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["ForkError", "ForkError", "answered", "0"]
