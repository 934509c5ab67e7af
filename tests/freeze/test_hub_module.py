"""TF-Hub modules run as they are: small ones made here, and DeepMind's own from the shared data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_modules import brightness, lay_out, network_of, small_module

from i3d_edge.convert import convert_graph
from i3d_edge.convert.clip_files import read_clip_files
from i3d_edge.convert.stage import ir_stage
from i3d_edge.core.errors import (
    CheckpointDamagedError,
    CheckpointError,
    CheckpointFormError,
    CheckpointMissingError,
    ClipShapeError,
    NotFiniteError,
)
from i3d_edge.freeze import freeze_checkpoint, open_checkpoint
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.frozen_graph import FrozenGraph
from i3d_edge.freeze.hub_module import HubModule

Feeds = dict[str, np.ndarray]


def random_clip(num_frames: int) -> Feeds:
    values = np.random.default_rng(3).uniform(-1, 1, (1, num_frames, 224, 224, 3))
    return {"Placeholder": values.astype(np.float32)}


def assert_same_layers(got: HubModule, expected: FrozenGraph, feeds: Feeds) -> None:
    layers, others = got.layers(feeds), expected.layers(feeds)
    assert list(layers) == list(others)
    assert len(layers) == 57 + 9
    for name, values in layers.items():
        assert np.abs(values - others[name]).max() <= 2e-5 * np.abs(others[name]).max(), name


def test_a_module_answers_clips_of_any_length_with_its_own_graph(
    graph_path: Path, checkpoint_prefix: Path, tmp_path: Path
) -> None:
    network = network_of(graph_path)
    folder = small_module(tmp_path / "m", checkpoint_prefix, lambda clip: 2 * network(clip))
    module = HubModule(folder, num_frames=9)
    feeds = random_clip(9)
    with FrozenGraph(graph_path, num_frames=9) as graph:
        assert graph.spec is not None
        assert (module.spec.fingerprint, module.spec.clip_shape) == (graph.spec.fingerprint, (1, 9, 224, 224, 3))
        got, expected = module.logits(feeds), 2 * graph.logits(feeds)  # the graph decides, not the variables beside it
        assert got.dtype == np.float32
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()
        assert_same_layers(module, graph, feeds)


def test_a_clip_that_is_not_the_one_asked_for(checkpoint_prefix: Path, tmp_path: Path) -> None:
    module = HubModule(small_module(tmp_path / "m", checkpoint_prefix), num_frames=9)
    assert module.logits(random_clip(9)).shape == (1, 400)
    with pytest.raises(ClipShapeError) as caught:
        module.logits(random_clip(10))
    assert str(caught.value) == (
        "Placeholder must have layout NDHWC (1, 9, 224, 224, 3) float32; got (1, 10, 224, 224, 3) float32"
    )
    with pytest.raises(ClipShapeError, match="float32; got nothing"):
        module.layers({})


def test_an_output_that_is_no_number(checkpoint_prefix: Path, tmp_path: Path) -> None:
    folder = small_module(tmp_path / "m", checkpoint_prefix, lambda clip: brightness(clip) / 0.0)
    with pytest.raises(NotFiniteError) as caught:
        HubModule(folder, num_frames=9).logits(random_clip(9))
    assert str(caught.value) == f"TF-Hub module '{folder}' gives NaN or infinity"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"signature": "serving_default"},
            "has no signature 'default', only 'serving_default'\n\nhint: take version 1 of the TF-Hub module",
        ),
        (
            {"network": lambda clip: brightness(clip)[:, 0]},
            "does not turn a clip (1, 79, 224, 224, 3) into logits (1, 400), float32: "
            "its signature has (None, None, 224, 224, 3) float32, (None,) float32",
        ),
        (
            {"network": lambda clip: tf.cast(brightness(clip), tf.float64)},
            "does not turn a clip (1, 79, 224, 224, 3) into logits (1, 400), float32: "
            "its signature has (None, None, 224, 224, 3) float32, (None, 400) float64",
        ),
        ({"tags": ("serve",)}, "cannot be loaded by TensorFlow as a SavedModel without tags: MetaGraphDef"),
    ],
    ids=["name", "shape", "type", "tags"],
)
def test_a_graph_that_is_not_a_modules(
    options: dict[str, Any], expected: str, checkpoint_prefix: Path, tmp_path: Path
) -> None:
    folder = small_module(tmp_path / "m", checkpoint_prefix, **options)
    with pytest.raises(CheckpointError) as caught:
        HubModule(folder)
    assert str(caught.value).startswith(f"TF-Hub module '{folder}' {expected}")


def test_no_graph(checkpoint_prefix: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        HubModule(checkpoint_prefix)
    assert str(caught.value) == f"TF-Hub module '{checkpoint_prefix}' has no saved_model.pb"

    folder = small_module(tmp_path / "m", checkpoint_prefix)
    (folder / "saved_model.pb").write_bytes(b"no graph" * 9)
    with pytest.raises(CheckpointDamagedError, match="as a SavedModel without tags: Cannot parse file"):
        HubModule(folder)


def test_no_variables(checkpoint_prefix: Path, tmp_path: Path) -> None:
    folder = small_module(tmp_path / "m", checkpoint_prefix)
    (folder / "variables/variables.data-00000-of-00001").unlink()
    with pytest.raises(CheckpointMissingError) as caught:
        HubModule(folder)
    assert str(caught.value).startswith(f"checkpoint '{folder}/variables/variables' lacks data file 0 of 1")


def test_a_module_of_tensorflow_2(tmp_path: Path) -> None:
    module = tf.Module()
    module.weights = tf.Variable(tf.zeros((7, 7, 7, 3, 64)))
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(CheckpointFormError) as caught:
        HubModule(tmp_path)
    assert "take version 1 of the TF-Hub module" in str(caught.value)


@pytest.fixture(scope="module")
def original(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DeepMind's module, whole."""
    return lay_out(shared, tmp_path_factory.mktemp("hub") / "i3d-kinetics-400-1")


@pytest.mark.shared
def test_the_originals_variables_are_checked_when_they_are_read(original: Path, shared: Path, tmp_path: Path) -> None:
    folder = lay_out(shared, tmp_path / "m")
    with (folder / "variables/variables.data-00000-of-00001").open("r+b") as stream:
        stream.seek(1000)
        stream.write(bytes(4))
    with pytest.raises(
        CheckpointDamagedError, match=r"tensor 'RGB/inception_i3d/Conv3d_1a_7x7/\S+' of '\S+' is damaged"
    ):
        HubModule(folder)


@pytest.mark.slow
@pytest.mark.shared
def test_the_cricket_sample_from_the_original_to_the_ir(original: Path, shared: Path, tmp_path: Path) -> None:
    """The documented norm of rgb_scratch is what DeepMind's graph gives, and our stages give the same logits."""
    module = HubModule(original)
    assert module.spec.origin == "rgb_scratch"
    gif = shared / "golden/v_CricketShot_g04_c01_rgb.gif"
    [feeds] = read_clip_files([gif], module.spec).values()
    [expected] = module.logits(feeds)
    largest = float(np.abs(expected).max())

    assert round(float(np.linalg.norm(expected)), 4) == 83.2416
    assert module.spec.labels.names[int(expected.argmax())] == "playing cricket"

    freeze_checkpoint(open_checkpoint(original), tmp_path / "g.pb")
    convert_graph(tmp_path / "g.pb", tmp_path / "m.xml", fold=None)
    with FrozenGraph(tmp_path / "g.pb") as graph:
        answers = {"frozen graph": graph.logits(feeds)[0], "IR": ir_stage(tmp_path / "m.xml").logits(feeds)}
    for name, got in answers.items():
        difference = np.abs(got - expected).max() / largest
        print(f"\n{name} against DeepMind's graph: {difference:.1e} of the largest logit")
        assert difference <= 1e-6, name
