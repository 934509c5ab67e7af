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
from convert.quantization import quantize_ir
from freeze import FrozenGraph, freeze_checkpoint, open_checkpoint, run_frozen_graph
from i3d_edge import VideoClassifier
from i3d_edge.labels import kinetics_400
from i3d_edge.spec import ModelSpec
from runtime import read_clips, read_ir
from runtime.census import count_operators

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def real_clips(shared: Path) -> list[np.ndarray]:
    """The first clip of each of 20 videos, shape (1, 79, 224, 224, 3), uint8."""
    videos = sorted(path for path in (shared / "videos").rglob("*") if path.suffix in (".avi", ".mp4"))
    chosen = [videos[int(place)] for place in np.linspace(0, len(videos) - 1, 20)]
    return [read_clips(path, ModelSpec(labels=kinetics_400())).clips[0].frames[np.newaxis] for path in chosen]


def answers(path: Path, clips: list[np.ndarray], **properties: str) -> np.ndarray:
    """Return the logits of clips, shape (20, 400)."""
    model, spec = read_ir(path)
    model.add_outputs("logits")
    compiled = ov.Core().compile_model(model, "CPU", properties)
    return np.array([compiled(np.ascontiguousarray(spec.lay_out(clip)))[1][0] for clip in clips])


@pytest.fixture(scope="module")
def volumetric(ir: Path, real_clips: list[np.ndarray]) -> np.ndarray:
    return answers(ir, real_clips, INFERENCE_PRECISION_HINT="f32")


@pytest.mark.slow
def test_the_lowered_network_computes_the_same_on_real_clips(
    lowered: Path, volumetric: np.ndarray, real_clips: list[np.ndarray]
) -> None:
    got = answers(lowered, real_clips, INFERENCE_PRECISION_HINT="f32")
    relative = np.abs(got - volumetric).max() / np.abs(volumetric).max()
    print(f"\nlowered against 3-D: {relative:.1e} of the largest logit, {np.abs(volumetric).max():.1f}")
    assert relative <= 1e-4
    census = count_operators(read_ir(lowered)[0])
    assert {name: len(found) for name, found in census.above_flat.items()} == {"Parameter": 1, "Reshape": 1}
    assert census.is_flat
    assert not census.volumetric


@pytest.mark.slow
def test_the_lowered_network_is_as_accurate_in_int8(
    ir: Path, lowered: Path, shared: Path, volumetric: np.ndarray, real_clips: list[np.ndarray]
) -> None:
    calibration = sorted((shared / "videos").rglob("*.mp4"))[1::5]
    noise, agreed = {}, {}
    for kind, path in {"3-D": ir, "lowered": lowered}.items():
        quantize_ir(path, calibration, path.with_name(f"{kind}_int8.xml"), num_clips=8)
        difference = answers(path.with_name(f"{kind}_int8.xml"), real_clips) - volumetric
        noise[kind] = np.square(difference - difference.mean(axis=1, keepdims=True)).mean()
        agreed[kind] = int(((difference + volumetric).argmax(axis=1) == volumetric.argmax(axis=1)).sum())
    print(f"\nmean square difference {noise}, best classes kept of 20 {agreed}")
    assert noise["lowered"] <= 1.2 * noise["3-D"]
    assert max(noise.values()) < 0.012
    assert min(agreed.values()) >= 18


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
