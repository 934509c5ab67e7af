"""Flow and joint models on videos."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest
from checkpoints import random_values, save
from click.testing import CliRunner, Result
from synthetic import write_video
from tiny import tiny_spec, write_tiny_ir

from i3d_edge import VideoClassifier
from i3d_edge.accuracy.run.protocol import find_preset
from i3d_edge.cli import main
from i3d_edge.convert import convert_graph
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.port import NUM_CHANNELS
from i3d_edge.freeze import freeze_checkpoint, inception_i3d, open_checkpoint
from i3d_edge.runtime import DecodePool, Engine, ViewOptions, ViewPlan
from i3d_edge.runtime.frames.sources import source_of_frames

FRAMES = 9

# Columns are classes, rows channels: R, G and B for pixels, x and y for flow. Grey pixels say little, motion does.
ACROSS, DOWN = np.array([[8, -4, 0, 0, -4], [-4, 8, -4, 0, 0]], np.float32)
WEIGHTS = np.stack([ACROSS, DOWN, np.array([0.02, 0, 0, -0.02, 0], np.float32) - ACROSS - DOWN])


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture(scope="module")
def irs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """IRs that answer by the mean of each channel: of pixels, of flow, and of both by the sum of their logits."""
    folder = tmp_path_factory.mktemp("irs")
    fusions = {"rgb": None, "flow": None, "joint": "logits"}
    return {
        stream: write_tiny_ir(folder / f"{stream}.xml", weights=WEIGHTS, stream=stream, fusion=fusion)
        for stream, fusion in fusions.items()
    }


@pytest.fixture(scope="module")
def classifiers(irs: dict[str, Path]) -> Iterator[dict[str, VideoClassifier]]:
    with ExitStack() as stack:
        yield {
            stream: stack.enter_context(
                VideoClassifier(path, inference_precision="f32", flow=None if stream == "rgb" else "dis")
            )
            for stream, path in irs.items()
        }


def moving_frames(num_frames: int) -> np.ndarray:
    """A dark texture that goes right by three pixels a frame, and down by one; shape (F, 40, 64, 3)."""
    noise = np.random.default_rng(0).uniform(0, 255, (100, 160)).astype(np.float32)
    scene = cv2.GaussianBlur(noise, (0, 0), 2)
    scene = ((scene - scene.min()) / np.ptp(scene) * 40).astype(np.uint8)[..., np.newaxis].repeat(3, axis=-1)
    return np.stack([scene[40 - k : 80 - k, 70 - 3 * k : 134 - 3 * k] for k in range(num_frames)])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "moving.mp4", list(moving_frames(12)))


def probabilities(classifier: VideoClassifier, source: object) -> np.ndarray:
    return classifier.classify(source).views[0].probabilities


def test_a_joint_model_adds_the_logits_of_its_two(classifiers: dict[str, VideoClassifier], video: Path) -> None:
    rgb, flow, joint = (probabilities(classifiers[stream], video) for stream in ("rgb", "flow", "joint"))
    product = rgb * flow  # the softmax of added logits, before it is made to sum to one
    assert all(np.abs(one - joint).max() > 0.01 for one in (rgb, flow))
    assert joint == pytest.approx(product / product.sum(), rel=1e-3)


def test_flow_is_of_the_motion_in_the_video(classifiers: dict[str, VideoClassifier], video: Path) -> None:
    read = probabilities(classifiers["flow"], video)
    given = probabilities(classifiers["flow"], moving_frames(12))
    back = probabilities(classifiers["flow"], moving_frames(12)[::-1].copy())
    assert np.abs(given - read).max() < 0.1 * np.abs(back - read).max()
    across, down = 3 * 32 / 40 / 20, 1 * 32 / 40 / 20
    logits = across * ACROSS + down * DOWN
    assert read == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=0.01)


def test_an_array_of_flow_is_a_clip_too(irs: dict[str, Path], classifiers: dict[str, VideoClassifier]) -> None:
    engine = Engine(irs["flow"], inference_precision="f32")
    flow = np.full((1, FRAMES, 2, 24, 24), 0.5, np.float32)
    logits = 0.5 * (ACROSS + DOWN)
    assert engine.probabilities(flow) == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-5)
    with pytest.raises(ClipShapeError) as caught:
        engine.probabilities(np.zeros((1, FRAMES, 3, 24, 24), np.uint8))
    assert str(caught.value) == (
        "clip must have layout NDCHW (1, 9, 2, 24, 24) float32; got (1, 9, 3, 24, 24) uint8\n\n"
        "hint: the model takes optical flow: `VideoClassifier` and `read_clips` compute it from RGB frames"
    )


def test_leaving_stops_the_flow_of_a_clip_halfway(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Event()
    num_done = 0

    def slow(first: np.ndarray, _second: np.ndarray, _method: str) -> np.ndarray:
        nonlocal num_done
        begun.set()
        time.sleep(0.05)
        num_done += 1
        return np.zeros((*first.shape, 2), np.float32)

    monkeypatch.setattr("i3d_edge.runtime.views.flow.optical_flow", slow)
    spec = tiny_spec(num_frames=1000, stream="flow")
    frames = source_of_frames(np.zeros((1001, 32, 32, 3), np.uint8), spec)
    with DecodePool([frames], ViewPlan.of_spec(spec), num_workers=1) as pool:
        next(iter(pool))
        assert begun.wait(10)
    assert num_done < 500


def test_classify_says_what_flow_took(irs: dict[str, Path], video: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    result = i3d("classify", video, broken, video, "--model", irs["joint"], "--flow", "dis", "--json", "-k", 1)
    assert result.exit_code == 1
    assert "; optical flow by dis\n" in result.stderr
    assert f"{video}: optical flow (dis) took " in result.stderr
    assert " s for 9 pairs of frames, on " in result.stderr
    rows = json.loads(result.stdout)["videos"]
    assert [row["status"] for row in rows] == ["ok", "error", "ok"]
    assert rows[0]["flow"]["method"] == "dis"
    assert rows[0]["flow"]["num_pairs"] == 9
    assert rows[0]["flow"]["seconds"] > 0
    assert rows[0]["predictions"] == rows[2]["predictions"]


def test_flow_for_a_model_of_pixels(irs: dict[str, Path], video: Path) -> None:
    result = i3d("classify", video, "--model", irs["rgb"], "--flow", "dis")
    assert result.exit_code == 1
    assert result.stderr == (
        "ClipShapeError: the model takes RGB alone: there is no use for flow 'dis'\n\nhint: omit `flow`, or --flow\n"
    )


def test_accuracy_of_a_joint_model(irs: dict[str, Path], video: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"path,label\n{video},dark\n")
    args = ("--model", f"ir={irs['joint']}@f32", "-o", tmp_path / "run")
    result = i3d("accuracy", "run", tmp_path / "list.csv", *args, "--flow", "dis", "--num-clips", 2)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "run" / "result.json").read_text())["how"]["flow"] == "dis"
    [row, _] = [json.loads(line) for line in (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()]
    with VideoClassifier(irs["joint"], inference_precision="f32", flow="dis") as classifier:
        view = classifier.classify(video, ViewOptions(num_clips=2)).views[0]
    assert row["probs"] == pytest.approx(view.probabilities.tolist(), abs=1e-5)


def test_protocols_state_their_flow() -> None:
    spec = i3d_spec(labels=kinetics_400(), stream="flow")
    assert find_preset("10x3").plan(spec).flow == "tvl1"
    assert "flow" not in find_preset("10x3").describe(i3d_spec(labels=spec.labels))
    assert replace(find_preset("centre"), flow="dis").describe(spec)["flow"] == "dis"


# --- real networks, untrained ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("streams")
    found = {}
    for seed, (stream, scope) in enumerate((("rgb", "RGB"), ("flow", "Flow"))):
        values = random_values(inception_i3d.variable_shapes(NUM_CHANNELS[stream], 7), seed)
        found[stream] = save(folder / stream, {f"{scope}/inception_i3d/{name}": item for name, item in values.items()})
    return found


@pytest.mark.slow
def test_real_networks_joined(prefixes: dict[str, Path], video: Path, tmp_path: Path) -> None:
    rgb, flow = (open_checkpoint(prefixes[stream]) for stream in ("rgb", "flow"))
    found = {}
    for stream, checkpoint, joint in (("rgb", rgb, None), ("flow", flow, None), ("joint", rgb, flow)):
        freeze_checkpoint(checkpoint, tmp_path / f"{stream}.pb", joint=joint, num_frames=FRAMES)
        convert_graph(tmp_path / f"{stream}.pb", tmp_path / f"{stream}.xml")
        method = None if stream == "rgb" else "dis"
        with VideoClassifier(tmp_path / f"{stream}.xml", inference_precision="f32", flow=method) as classifier:
            found[stream] = probabilities(classifier, video)
    product = found["rgb"] * found["flow"]
    assert np.abs(found["rgb"] - found["flow"]).max() > 0.01
    assert found["joint"] == pytest.approx(product / product.sum(), rel=1e-3)

    (tmp_path / "list.csv").write_text(f"path,label\n{video},{flow.labels.names[0]}\n")
    args = ("--model", f"ir={tmp_path / 'joint.xml'}@f32", "--graph", tmp_path / "joint.pb", "-o", tmp_path / "run")
    result = i3d("accuracy", "run", tmp_path / "list.csv", *args, "--flow", "dis")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()]
    by_model = {row["model"]: row["probs"] for row in rows}
    assert by_model["ir"] == pytest.approx(by_model["frozen-graph"], abs=1e-4)
    assert by_model["ir"] == pytest.approx(found["joint"].tolist(), abs=1e-4)
