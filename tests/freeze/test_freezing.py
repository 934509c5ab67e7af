"""Every form of frozen graph, held against an independent forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import reference_i3d
from checkpoints import random_values, save

from i3d_edge.core.errors import LabelError, SpecError
from i3d_edge.core.port import NUM_CHANNELS
from i3d_edge.freeze import Checkpoint, freeze_checkpoint, inception_i3d, open_checkpoint
from i3d_edge.freeze.frozen_graph import FrozenGraph, run_frozen_graph
from i3d_edge.freeze.tensor_index import read_index

FRAMES = 9


def checkpoint(folder: Path, stream: str, *, num_classes: int = 7, seed: int = 0) -> Checkpoint:
    shapes = inception_i3d.variable_shapes(NUM_CHANNELS[stream], num_classes)
    scope = {"rgb": "RGB/inception_i3d/", "flow": "Flow/inception_i3d/"}[stream]
    values = random_values(shapes, seed)
    return open_checkpoint(save(folder / stream, {scope + name: value for name, value in values.items()}))


def clip_for(stream: str, *, batch: int = 1, num_frames: int = FRAMES, seed: int = 5) -> np.ndarray:
    shape = (batch, num_frames, 224, 224, NUM_CHANNELS[stream])
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def squeezed(variables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value.reshape(-1) if "batch_norm" in name else value for name, value in variables.items()}


def assert_close(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.fixture(scope="module")
def rgb(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return checkpoint(tmp_path_factory.mktemp("rgb"), "rgb", seed=1)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return checkpoint(tmp_path_factory.mktemp("flow"), "flow", seed=2)


@pytest.fixture(scope="module")
def expected(rgb: Checkpoint, flow: Checkpoint) -> dict[str, np.ndarray]:
    """The reference's logits of each stream on one clip."""
    return {item.stream: reference_i3d.logits(clip_for(item.stream)[0], squeezed(item.read())) for item in (rgb, flow)}


def test_one_stream(rgb: Checkpoint, tmp_path: Path) -> None:
    """Of 17 frames, whose features are of two moments; of 9 are the batch and the two streams below."""
    freeze_checkpoint(rgb, tmp_path / "g.pb", num_frames=17)
    clip = clip_for("rgb", num_frames=17)
    [got] = run_frozen_graph(tmp_path / "g.pb", [{"Placeholder": clip}])
    assert_close(got[0], reference_i3d.logits(clip[0], squeezed(rgb.read())))


@pytest.mark.parametrize("fusion", ["logits", "probabilities"])
def test_two_streams(
    rgb: Checkpoint, flow: Checkpoint, expected: dict[str, np.ndarray], tmp_path: Path, fusion: str
) -> None:
    summary = freeze_checkpoint(rgb, tmp_path / "joint.pb", joint=flow, fusion=fusion, num_frames=FRAMES)
    streams = {name: port.stream for name, port in summary.spec.inputs.items()}
    assert streams == {"Placeholder": "rgb", "Placeholder_flow": "flow"}
    assert summary.spec.fingerprint == f"{rgb.fingerprint}+{flow.fingerprint}"
    feeds = {"Placeholder": clip_for("rgb"), "Placeholder_flow": clip_for("flow")}
    [[got]] = run_frozen_graph(tmp_path / "joint.pb", [feeds])

    def softmax(values: np.ndarray) -> np.ndarray:
        exponentials = np.exp(values - values.max())
        return exponentials / exponentials.sum()

    if fusion == "logits":
        assert_close(got, expected["rgb"] + expected["flow"])
    else:
        assert_close(softmax(got), (softmax(expected["rgb"]) + softmax(expected["flow"])) / 2)


def test_a_batch(rgb: Checkpoint, expected: dict[str, np.ndarray], tmp_path: Path) -> None:
    freeze_checkpoint(rgb, tmp_path / "g.pb", num_frames=FRAMES, batch=2)
    clips = np.concatenate([clip_for("rgb", seed=6), clip_for("rgb")])
    [got] = run_frozen_graph(tmp_path / "g.pb", [{"Placeholder": clips}])
    assert got.shape == (2, 7)
    assert_close(got[1], expected["rgb"])


@pytest.mark.slow
def test_an_embedding(rgb: Checkpoint, flow: Checkpoint, tmp_path: Path) -> None:
    freeze_checkpoint(rgb, tmp_path / "g.pb", num_frames=FRAMES, embedding=True)
    features = reference_i3d.features(clip_for("rgb")[0], squeezed(rgb.read())).mean(axis=0)
    with FrozenGraph(tmp_path / "g.pb") as graph:
        assert_close(graph.run("embedding:0", {"Placeholder": clip_for("rgb")}), features[np.newaxis])

    freeze_checkpoint(rgb, tmp_path / "joint.pb", joint=flow, num_frames=FRAMES, embedding=True)
    feeds = {"Placeholder": clip_for("rgb"), "Placeholder_flow": clip_for("flow")}
    with FrozenGraph(tmp_path / "joint.pb") as graph:
        both = graph.run("embedding:0", feeds)
    assert both.shape == (1, 2048)
    assert_close(both[:, :1024], features[np.newaxis])


def test_mixed_up_streams(rgb: Checkpoint, flow: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        freeze_checkpoint(flow, tmp_path / "g.pb", joint=rgb)
    assert str(caught.value) == (
        "a joint model needs an rgb and a flow checkpoint, in that order, not flow and rgb\n\nhint: swap the two"
    )
    with pytest.raises(SpecError, match="not rgb and rgb") as caught:
        freeze_checkpoint(rgb, tmp_path / "g.pb", joint=rgb)
    assert caught.value.hint == "give one of each"


def test_streams_of_other_classes(rgb: Checkpoint, tmp_path: Path) -> None:
    other = checkpoint(tmp_path, "flow", num_classes=8)
    with pytest.raises(LabelError) as caught:
        freeze_checkpoint(rgb, tmp_path / "g.pb", joint=other)
    assert str(caught.value) == ("the two checkpoints have different classes: 7 (numbered-7) and 8 (numbered-8)")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["rgb_imagenet", "flow_imagenet", "flow_scratch", "rgb_scratch_kin600"])
def test_each_published_form(shared: Path, tmp_path: Path, name: str) -> None:
    """The published names and shapes, slots and scopes, and random values; rgb_scratch is tried with its own."""
    index = read_index(shared / "checkpoints" / name / "model.ckpt.index")
    values = random_values({key: entry.shape for key, entry in index.items()})
    opened = open_checkpoint(save(tmp_path / "model.ckpt", values))
    assert opened.origin == "unknown"
    summary = freeze_checkpoint(opened, tmp_path / "g.pb", num_frames=FRAMES)
    again = freeze_checkpoint(opened, tmp_path / "again.pb", num_frames=FRAMES)
    assert summary.sha256 == again.sha256
    assert summary.spec.num_classes == (600 if name.endswith("600") else 400)
    assert summary.spec.stream == name[: name.index("_")]

    clip = clip_for(summary.spec.stream)
    [got] = run_frozen_graph(tmp_path / "g.pb", [{"Placeholder": clip}])
    variables = {key: value.reshape(-1) if "batch_norm" in key else value for key, value in opened.read().items()}
    assert_close(got[0], reference_i3d.logits(clip[0], variables))


def test_a_hub_module_of_600_classes(tmp_path: Path) -> None:
    """The -600 module, on the assumption that it is built as the -400 one is; the real one was not at hand."""
    folder = tmp_path / "i3d-kinetics-600-1"
    values = random_values(inception_i3d.variable_shapes(3, 600), seed=4)
    save(folder / "variables/variables", {f"RGB/inception_i3d/{name}": value for name, value in values.items()})
    (folder / "saved_model.pb").touch()
    opened = open_checkpoint(folder)
    assert (opened.is_hub_module, opened.labels.name) == (True, "kinetics-600")
    read = opened.read()
    assert all(np.array_equal(read[name].reshape(-1), value.reshape(-1)) for name, value in values.items())
    assert freeze_checkpoint(opened, tmp_path / "g.pb", num_frames=FRAMES).spec.num_classes == 600
