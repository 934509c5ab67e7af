"""DeepMind's rgb_scratch on real footage: every form of it says the same, and what it says is right."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import openvino as ov
import pytest
from census import count_operators

from i3d_edge import VideoClassifier
from i3d_edge.convert import convert_graph
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.freeze.frozen_graph import FrozenGraph
from i3d_edge.runtime import read_clips, read_ir

pytestmark = [pytest.mark.slow, pytest.mark.shared]

NUM_REAL_CLIPS = 10
NUM_COMPARED = 5
"""Clips that TensorFlow computes too: the sample, noise, and three of videos."""


@pytest.fixture(scope="module")
def clips(shared: Path) -> list[np.ndarray]:
    """DeepMind's sample, noise, and the centre clips of ten videos; each of shape (1, 79, 224, 224, 3), uint8."""
    with av.open(str(shared / "golden/v_CricketShot_g04_c01_rgb.gif")) as container:
        sample = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    noise = np.random.default_rng(0).integers(0, 256, sample.shape, dtype=np.uint8)
    videos = sorted(path for path in (shared / "videos").rglob("*") if path.suffix in (".avi", ".mp4"))
    chosen = [videos[int(place)] for place in np.linspace(0, len(videos) - 1, NUM_REAL_CLIPS)]
    real = [read_clips(path, i3d_spec(labels=kinetics_400())).clips[0].frames for path in chosen]
    return [frames[np.newaxis] for frames in (sample, noise, *real)]


@pytest.fixture(scope="module")
def lowered(real_graph: Path) -> Path:
    path = real_graph.with_name("lowered.xml")
    assert convert_graph(real_graph, path, target="vpu").outcomes["lower-to-2d"] is None
    return path


def answers(path: Path, clips: list[np.ndarray], **properties: str) -> np.ndarray:
    """Return an IR's logits of clips, shape (num_clips, 400)."""
    model, spec = read_ir(path)
    model.add_outputs("logits")
    compiled = ov.Core().compile_model(model, "CPU", properties)
    return np.array([compiled(np.ascontiguousarray(spec.lay_out(clip)))[1][0] for clip in clips])


@pytest.fixture(scope="module")
def in_f32(real_ir: Path, clips: list[np.ndarray]) -> np.ndarray:
    """What the IR computes in f32, shape (num_clips, 400)."""
    return answers(real_ir, clips, INFERENCE_PRECISION_HINT="f32")


def test_the_irs_compute_what_the_frozen_graph_does(
    real_graph: Path, in_f32: np.ndarray, lowered: Path, clips: list[np.ndarray]
) -> None:
    compared = clips[:NUM_COMPARED]
    with FrozenGraph(real_graph) as frozen:
        expected = np.concatenate(
            [frozen.logits({"Placeholder": (clip.astype(np.float32) - 127.5) / 127.5}) for clip in compared]
        )
    of_lowered = answers(lowered, compared, INFERENCE_PRECISION_HINT="f32")
    for kind, got in {"3-D": in_f32[:NUM_COMPARED], "lowered": of_lowered}.items():
        relative = np.abs(got - expected).max(axis=1) / np.abs(expected).max(axis=1)
        print(f"\n{kind}: {relative.max():.1e} of the largest logit at most")
        assert relative.max() <= 1e-5


def test_the_lowered_network_has_no_operator_of_three_dimensions(lowered: Path) -> None:
    census = count_operators(read_ir(lowered)[0])
    assert {name: len(found) for name, found in census.above_flat.items()} == {"Parameter": 1, "Reshape": 1}
    assert census.is_flat
    assert not census.volumetric


def test_the_lowered_network_is_as_accurate_in_int8(
    real_int8: Path, lowered: Path, calibration: list[Path], clips: list[np.ndarray], in_f32: np.ndarray
) -> None:
    lowered_int8 = lowered.with_name("lowered_int8.xml")
    quantize_ir(lowered, calibration, lowered_int8, num_clips=len(calibration))
    real, expected = clips[2:], in_f32[2:]
    noise, agreed = {}, {}
    for kind, path in {"3-D": real_int8, "lowered": lowered_int8}.items():
        difference = answers(path, real) - expected
        noise[kind] = np.square(difference - difference.mean(axis=1, keepdims=True)).mean()
        agreed[kind] = int(((difference + expected).argmax(axis=1) == expected.argmax(axis=1)).sum())
    print(f"\nmean square difference {noise}, best classes kept of {NUM_REAL_CLIPS} {agreed}")
    assert noise["lowered"] <= 1.2 * noise["3-D"]
    assert min(agreed.values()) >= NUM_REAL_CLIPS - 1


def test_cricket_is_cricket(shared: Path, real_ir: Path) -> None:
    footage = sorted((shared / "videos/ucf101/CricketShot").glob("cricket_*.avi"))
    assert footage
    with VideoClassifier(real_ir, inference_precision="f32") as classifier:
        best = [classifier.classify(path).predictions[0] for path in footage]
    assert {prediction.label for prediction in best} == {"playing cricket"}
    assert min(prediction.prob for prediction in best) > 0.99
