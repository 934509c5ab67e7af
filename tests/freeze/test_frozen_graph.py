from pathlib import Path

import numpy as np
import pytest

from i3d_edge.core.errors import ClipShapeError, OutputError, SpecError
from i3d_edge.freeze import freeze_checkpoint, open_checkpoint
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.frozen_graph import FrozenGraph, run_frozen_graph


def graph_def_of(path: Path) -> object:
    return tf.compat.v1.GraphDef.FromString(path.read_bytes())


def test_the_contract(graph_path: Path) -> None:
    nodes = {node.name: node for node in graph_def_of(graph_path).node}
    placeholder = nodes["Placeholder"]
    assert [dim.size for dim in placeholder.attr["shape"].shape.dim] == [1, 9, 224, 224, 3]
    assert placeholder.attr["dtype"].type == tf.float32.as_datatype_enum
    assert list(nodes["Softmax"].input) == ["logits"]
    assert nodes["RGB/inception_i3d/Mixed_5b/Branch_2/Conv3d_0a_3x3/Relu"].op == "Relu"
    variable_ops = {"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp"}
    assert not variable_ops & {node.op for node in nodes.values()}


def test_same_checkpoint_same_bytes(checkpoint_prefix: Path, graph_path: Path, tmp_path: Path) -> None:
    summary = freeze_checkpoint(open_checkpoint(checkpoint_prefix), tmp_path / "again.pb", num_frames=9)
    assert (tmp_path / "again.pb").read_bytes() == graph_path.read_bytes()
    assert summary.num_bytes == graph_path.stat().st_size


def test_the_graph_describes_itself(graph_path: Path, checkpoint_prefix: Path) -> None:
    with FrozenGraph(graph_path) as graph:
        assert graph.spec is not None
        assert graph.spec.origin == "unknown"
        assert graph.spec.fingerprint == open_checkpoint(checkpoint_prefix).fingerprint
        assert graph.input_shapes == {"Placeholder": graph.spec.clip_shape} == {"Placeholder": (1, 9, 224, 224, 3)}


def test_logits_are_those_of_the_network_run_eagerly(graph_path: Path, checkpoint_prefix: Path) -> None:
    from i3d_edge.freeze import network

    clip = np.random.default_rng(1).uniform(-1, 1, (1, 9, 224, 224, 3)).astype(np.float32)
    variables = open_checkpoint(checkpoint_prefix).read()
    features = network.build_features(tf.constant(clip), variables)
    assert features.shape == (1, 1, 1, 1, 1024)
    expected = network.build_logits(features, variables).numpy().mean(axis=1)
    [got] = run_frozen_graph(graph_path, [{"Placeholder": clip}])
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_clip_of_another_shape(graph_path: Path) -> None:
    with FrozenGraph(graph_path) as graph, pytest.raises(ClipShapeError) as caught:
        graph.logits({"Placeholder": np.zeros((1, 9, 3, 224, 224), np.float32)})
    assert str(caught.value) == (
        "Placeholder must have layout NDHWC (1, 9, 224, 224, 3) float32; got (1, 9, 3, 224, 224) float32"
    )


def test_too_few_frames(checkpoint_prefix: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        freeze_checkpoint(open_checkpoint(checkpoint_prefix), tmp_path / "g.pb", num_frames=8)
    assert str(caught.value) == "num_frames must be from 9 to 100,000; got 8"


def test_nothing_is_lost_when_freezing_fails(
    checkpoint_prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "g.pb"
    output.write_bytes(b"before")
    checkpoint = open_checkpoint(checkpoint_prefix)
    with pytest.raises(OutputError):
        freeze_checkpoint(checkpoint, output)
    monkeypatch.setattr("i3d_edge.freeze.network.build_graph_def", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        freeze_checkpoint(checkpoint, output, force=True)
    assert output.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["g.pb"]
