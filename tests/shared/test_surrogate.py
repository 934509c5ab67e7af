"""The pipeline on real footage and nearly real weights; needs the shared data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import numpy as np
import openvino as ov
import pytest

from accuracy import read_list
from convert import convert_graph
from freeze import FrozenGraph, freeze_checkpoint, open_checkpoint, run_frozen_graph
from i3d_edge import VideoClassifier
from i3d_edge.labels import kinetics_400
from i3d_edge.spec import ModelSpec
from runtime import read_clips

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def graph(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("surrogate") / "surrogate.pb"
    checkpoint = open_checkpoint(shared / "checkpoints/rgb_imagenet_surrogate/model.ckpt")
    assert checkpoint.origin == "unknown"  # it is not what DeepMind published
    freeze_checkpoint(checkpoint, path)
    return path


@pytest.fixture(scope="module")
def ir(graph: Path) -> Path:
    path = graph.with_suffix(".xml")
    report = convert_graph(graph, path, reference=run_frozen_graph)
    assert report.parity is not None
    assert report.parity.passed
    return path


def gif_frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def cricket_gif(shared: Path) -> np.ndarray:
    """The official sample after DeepMind's preprocessing, shape (79, 224, 224, 3), in 256 colours."""
    return gif_frames(shared / "golden/v_CricketShot_g04_c01_rgb.gif")


@pytest.fixture(scope="module")
def golden(shared: Path, cricket_gif: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pixels and TensorFlow's logits of three clips."""
    frame, row, column, channel = np.ogrid[:79, :224, :224, :3]
    pixels = {
        "cricket_gif": cricket_gif,
        "uniform_noise": np.random.default_rng(0).integers(0, 256, (79, 224, 224, 3), dtype=np.uint8),
        "moving_ramp": ((3 * frame + 2 * row + column + 40 * channel) % 256).astype(np.uint8),
    }
    stored = json.loads((shared / "golden/surrogate_logits.json").read_text())["clips"]
    assert {name: int(clip.sum()) for name, clip in pixels.items()} == {
        name: clip["pixel_sum"] for name, clip in stored.items()
    }
    return {name: (pixels[name], np.array(stored[name]["logits"])) for name in stored}


def test_the_frozen_graph_gives_the_golden_logits(
    graph: Path, golden: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    with FrozenGraph(graph) as frozen:
        for name, (pixels, expected) in golden.items():
            [got] = frozen.logits({"Placeholder": (pixels[np.newaxis].astype(np.float32) - 127.5) / 127.5})
            assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), name


@pytest.fixture(scope="module")
def lowered(graph: Path) -> Path:
    path = graph.with_name("lowered.xml")
    assert convert_graph(graph, path, target="vpu").outcomes["lower-to-2d"].is_applied
    return path


@pytest.mark.parametrize("kind", ["ir", "lowered"])
def test_the_ir_gives_the_golden_logits(
    kind: str, request: pytest.FixtureRequest, golden: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    core = ov.Core()
    model = core.read_model(request.getfixturevalue(kind))
    model.add_outputs("logits")
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for name, (pixels, expected) in golden.items():
        got = compiled(pixels.transpose(0, 3, 1, 2)[np.newaxis].copy())[compiled.output("logits")][0]
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), name


def test_cricket_looks_as_deepmind_saw_it(shared: Path, cricket_gif: np.ndarray) -> None:
    [footage] = (shared / "videos/ucf101/CricketShot").glob("*.avi")
    [clip] = read_clips(footage, ModelSpec(labels=kinetics_400())).clips
    frames = clip.frames.astype(int)
    aligned = np.abs(frames - cricket_gif).mean()
    shifted = np.abs(frames[1:] - cricket_gif[:-1]).mean()
    print(f"\ncricket against the official clip: {aligned:.2f} of 255; shifted by one frame: {shifted:.2f}")
    assert aligned < 6
    assert shifted > aligned + 1


@pytest.mark.slow
def test_nearly_every_fitted_video_has_its_class_in_the_top_5(shared: Path, ir: Path) -> None:
    with (shared / "videos/labels_exact.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with VideoClassifier(ir) as classifier:
        found = [
            row["label"] in [item.label for item in classifier.classify(shared / "videos" / row["path"]).predictions]
            for row in rows
        ]
    assert len(found) == 35
    assert sum(found) >= 33


def test_the_list_with_unlabelled_rows_is_read(shared: Path) -> None:
    videos = read_list(shared / "videos/labels.csv", kinetics_400())
    assert len(videos) == 68
    assert 0 < sum(video.label is None for video in videos) < 68
    assert all(video.file.is_file() for video in videos)
