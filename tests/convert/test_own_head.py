"""Another head in the place of a network's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from small import write_small_ir
from tiny import write_tiny_ir
from weights import FRAMES, SIDE_PX, write_checkpoint

from i3d_edge import convert_weights
from i3d_edge.convert import convert_graph
from i3d_edge.convert.own_head import replace_head
from i3d_edge.convert.saving import describe
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.labels import numbered
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Engine, read_ir
from i3d_edge.runtime.inference.head import find_head


def resnet(_: Path, path: Path) -> Path:
    weights = write_checkpoint(path.with_suffix(".pth"), "i3d-heavy")
    convert_weights(weights, path, network="i3d-heavy", crop_px=SIDE_PX, num_frames=FRAMES)
    return path


def lowered(graph_path: Path, path: Path) -> Path:
    convert_graph(graph_path, path, num_frames=17, target="vpu")
    return path


def with_head(path: Path, output: Path, weights: np.ndarray, bias: np.ndarray) -> ModelSpec:
    model, spec = read_ir(path)
    replace_head(model, spec, weights, bias)
    spec = replace(spec, labels=numbered(len(bias)))
    describe(model, spec)
    ov.save_model(model, output, compress_to_fp16=False)
    assert read_ir(output)[1] == spec
    return spec


@pytest.mark.parametrize(
    "make",
    [
        lambda graph, path: write_small_ir(path),
        lambda graph, path: write_tiny_ir(path, sees_time=True, batch=2),
        resnet,
        lowered,
    ],
    ids=["small", "batch", "ResNet", "lowered"],
)
def test_the_answer_is_the_heads_of_the_same_features(
    make: Callable[[Path, Path], Path], graph_path: Path, tmp_path: Path
) -> None:
    path, output, rng = make(graph_path, tmp_path / "net.xml"), tmp_path / "mine.xml", np.random.default_rng(3)
    num_features = find_head(*read_ir(path)).weights.shape[1]
    weights, bias = rng.normal(0, 1, (7, num_features)), rng.normal(0, 1, 7)
    spec = with_head(path, output, weights, bias)
    clip = rng.integers(0, 256, spec.clip_shape[1:] if spec.batch > 1 else spec.clip_shape, dtype=np.uint8)
    clip = clip.reshape(1, *spec.clip_shape[1:])
    before = Engine(path, extras=["embedding"], inference_precision="f32").probabilities(clip)
    engine = Engine(output, extras=["embedding"], inference_precision="f32")  # whose head is found, too
    after = engine.probabilities(clip)
    assert after.extras["embedding"] == pytest.approx(before.extras["embedding"], rel=1e-5, abs=1e-6)
    expected = softmax(weights @ before.extras["embedding"] + bias)
    assert np.asarray(after) == pytest.approx(expected, abs=1e-4)


def test_a_learned_model_is_run_in_steps(graph_path: Path, tmp_path: Path) -> None:
    convert_graph(graph_path, tmp_path / "net.xml", num_frames=17)
    rng = np.random.default_rng(3)
    with_head(tmp_path / "net.xml", tmp_path / "mine.xml", rng.normal(0, 1, (3, 1024)), rng.normal(0, 1, 3))
    assert make_step_ir(tmp_path / "mine.xml", tmp_path / "steps.xml", hop=8).spec.num_classes == 3
