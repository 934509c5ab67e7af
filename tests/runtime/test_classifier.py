from pathlib import Path

import numpy as np
import pytest
from synthetic import write_numbered

from i3d_edge import VideoClassifier
from i3d_edge.errors import VideoOpenError
from i3d_edge.labels import LabelSet
from runtime.prediction import top_k


def test_a_file_and_its_frames_give_the_same_answer(ir_path: Path, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 40)
    with VideoClassifier(ir_path, inference_precision="f32") as classifier:
        result = classifier.classify(path, k=3, num_clips=2)
        again = classifier.classify(str(path), k=3, num_clips=2)
    assert result == again
    assert [view.start_s for view in result.views] == [0, 24 / 25]
    assert len(result.predictions) == 3
    probabilities = [item.prob for item in result.predictions]
    assert probabilities == sorted(probabilities, reverse=True)
    assert result.duration_s == 1.6


def test_views_are_averaged(ir_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (32, 224, 224, 3), dtype=np.uint8)
    with VideoClassifier(ir_path, inference_precision="f32") as classifier:
        both = classifier.classify(frames, k=400, num_clips=2).predictions
        first = classifier.classify(frames[:16], k=400).predictions
        last = classifier.classify(frames[16:], k=400).predictions
    mean = {item.index: item.prob / 2 for item in first}
    for item in last:
        mean[item.index] += item.prob / 2
    assert {item.index: item.prob for item in both} == pytest.approx(mean, abs=1e-7)


def test_a_bad_file_raises_and_leaves_the_classifier_usable(ir_path: Path, tmp_path: Path) -> None:
    with VideoClassifier(ir_path) as classifier:
        with pytest.raises(VideoOpenError):
            classifier.classify(tmp_path / "no.mp4")
        assert classifier.classify(np.zeros((16, 224, 224, 3), np.uint8)).predictions


def test_a_closed_classifier_says_so(ir_path: Path) -> None:
    classifier = VideoClassifier(ir_path)
    classifier.close()
    with pytest.raises(ValueError, match="classifier is closed"):
        classifier.classify(np.zeros((16, 224, 224, 3), np.uint8))


def test_top_k_is_stable_for_equal_probabilities() -> None:
    labels = LabelSet("letters", ("a", "b", "c", "d"))
    best = top_k(np.array([0.2, 0.3, 0.3, 0.2]), labels, 3)
    assert [(item.label, item.index) for item in best] == [("b", 1), ("c", 2), ("a", 0)]


def test_all_videos_in_order_with_failures_in_their_place(ir_path: Path, tmp_path: Path) -> None:
    good = [write_numbered(tmp_path / f"{number}.mp4", 20 + number) for number in range(3)]
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    paths = [good[0], bad, good[1], good[2]]
    with VideoClassifier(ir_path) as classifier:
        results = list(classifier.classify_all(iter(paths), k=1))
        alone = [classifier.classify(path, k=1) for path in good]
    assert isinstance(results[1], VideoOpenError)
    assert [results[0], *results[2:]] == alone
    assert [result.num_frames for result in alone] == [20, 21, 22]
