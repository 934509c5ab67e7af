import json
from pathlib import Path

import numpy as np
import pytest
from answers import view
from plans import i3d_plan
from small import write_small_ir

from i3d_edge.core.errors import ArgumentError, LabelError, OutputError, VideoError
from i3d_edge.runtime import VideoClassifier, ViewOptions
from i3d_edge.runtime import classifier as classifier_module
from i3d_edge.runtime.activation import Explanation, activation_map, explain
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.head import position_shares

WHOLE = np.arange(8, dtype=np.float32).reshape(2, 2, 2) - 3


def explanation(*maps: np.ndarray, spans: tuple[tuple[float, float], ...], duration_s: float = 4.0) -> Explanation:
    views = tuple(view(*span, 1.0, crop=crop) for crop, span in enumerate(spans))
    return Explanation("alpha", 0.5, views, maps, duration_s, i3d_plan(num_frames=50))


def test_shares_of_positions(subtests: pytest.Subtests) -> None:
    for size, kernel, shares in [
        ((3,), (2,), [1 / 4, 2 / 4, 1 / 4]),
        ((4,), (4,), [1 / 4] * 4),
        ((4,), (1,), [1 / 4] * 4),
        ((4,), (3,), [1 / 6, 2 / 6, 2 / 6, 1 / 6]),
        ((3, 2), (2, 2), np.outer([1 / 4, 2 / 4, 1 / 4], [1 / 2, 1 / 2])),
    ]:
        with subtests.test(size=size, kernel=kernel):
            assert position_shares(size, kernel) == pytest.approx(np.array(shares))


@pytest.mark.parametrize("size", [(10, 7, 7), (2, 7, 7), (5, 8, 9)])
def test_a_map_sums_to_the_mean_over_the_windows_of_the_pool(size: tuple[int, int, int]) -> None:
    random, kernel = np.random.default_rng(0), (2, 7, 7)
    features, weights = random.random((16, *size), np.float32), random.normal(size=16).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(features.astype(np.float64), kernel, (1, 2, 3))
    logits = np.tensordot(weights, windows.mean(axis=(-3, -2, -1)), 1)
    found = activation_map(features, weights, kernel)
    assert found.shape == size
    assert found.sum(dtype=np.float64) == pytest.approx(logits.mean(), abs=1e-6)


def test_only_the_place_that_is_seen_counts() -> None:
    features = np.zeros((2, 3, 7, 7), np.float32)
    features[:, 1, 2, 5] = 4, 1
    found = activation_map(features, np.array([1, -2], np.float32), (2, 7, 7))
    assert found[1, 2, 5] == pytest.approx(2 * 2 / 4 / 49)
    assert np.count_nonzero(found) == 1


def test_the_logit_is_the_bias_and_what_speaks_for_and_against() -> None:
    own = explanation(WHOLE, WHOLE + 1, spans=((0, 2), (2, 4)))
    assert (own.evidence(+1), own.evidence(-1)) == ((10 + 15) / 2, (-6 - 3) / 2)
    assert own.logit == 0.5 + 12.5 - 4.5
    assert own.peak == 5
    assert own.seen_s == (0, 4)


def test_the_map_of_a_moment(subtests: pytest.Subtests) -> None:
    """Two time steps of a second each, whose middles are at 0.5 and 1.5 s."""
    own = explanation(np.float32([[[1]], [[3]]]), spans=((1, 3),))
    for time_s, value in [(0.9, None), (1, 1), (1.5, 1), (1.75, 1.5), (2, 2), (2.9, 3), (3, None)]:
        with subtests.test(time_s=time_s):
            assert [shown.item() for _, shown in own.at(time_s)] == ([] if value is None else [value])


def test_a_short_video_is_seen_again() -> None:
    own = explanation(np.float32([[[1]], [[3]]]), spans=((0, 4),), duration_s=2)
    assert [shown.item() for _, shown in own.at(1)] == [1, 3]
    assert own.seen_s == (0, 2)


def test_views_that_overlap() -> None:
    own = explanation(WHOLE, WHOLE + 9, spans=((0, 2), (1, 3)))
    assert [crop for crop, _ in own.at(1.5)] == [0, 1]


def test_the_maps_of_a_network_sum_to_its_logits(tmp_path: Path) -> None:
    ir, views = write_small_ir(tmp_path / "m.xml"), ViewOptions(num_clips=3)
    frames = np.random.default_rng(3).integers(0, 256, (20, 32, 32, 3), np.uint8)
    classifier = VideoClassifier(ir, inference_precision="f32", extras=("feature_map", "logits"))
    answer, labels = classifier.classify(frames, views), classifier.spec.labels
    for label in (None, *labels.names):
        own = explain(answer, classifier, views, label)
        assert own.label == (label or answer.predictions[0].label)
        logits = [view.extras["logits"][labels.index(own.label)] for view in answer.views]
        assert [shown.sum() + own.bias for shown in own.maps] == pytest.approx(logits, abs=1e-5)
        assert own.logit == pytest.approx(np.mean(logits), abs=1e-5)
    with pytest.raises(LabelError, match="label 'f' is not among"):
        explain(answer, classifier, views, "f")
    with pytest.raises(ArgumentError, match="lacks the extra"):
        explain(answer, VideoClassifier(ir))


def test_a_video_of_too_many_clips_is_answered_and_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = ViewOptions(num_clips=3)
    frames = np.random.default_rng(3).integers(0, 256, (20, 32, 32, 3), np.uint8)
    engine = Engine(write_small_ir(tmp_path / "m.xml"), extras=["feature_map", "embedding"])
    size = VideoClassifier(engine).classify(frames).views[0].extras["feature_map"].nbytes
    monkeypatch.setattr(classifier_module, "MOST_FEATURE_MAPS_BYTES", 2 * size)
    answer = VideoClassifier(engine).classify(frames, views)
    assert ["feature_map" in view.extras for view in answer.views] == [True, True, False]
    assert all("embedding" in view.extras for view in answer.views)
    with pytest.raises(VideoError, match="3 clips are too many to explain"):
        explain(answer, VideoClassifier(engine), views)


def test_maps_as_a_file(tmp_path: Path) -> None:
    own = explanation(WHOLE, WHOLE + 1, spans=((0, 2), (2, 4)))
    own.write(tmp_path / "a.npy")
    assert np.array_equal(np.load(tmp_path / "a.npy"), [WHOLE, WHOLE + 1])
    fields = json.loads((tmp_path / "a.json").read_text())
    assert (fields["label"], fields["bias"], fields["logit"]) == ("alpha", 0.5, own.logit)
    assert fields["views"] == [
        {"start_s": 0, "end_s": 2, "clip": 0, "crop": 0},
        {"start_s": 2, "end_s": 4, "clip": 0, "crop": 1},
    ]
    (tmp_path / "a.npy").unlink()
    with pytest.raises(OutputError, match="exists already"):
        own.write(tmp_path / "a.npy")
