from pathlib import Path

import pytest

from i3d_edge.core.errors import FrozenGraphError
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.graph_def import read_graph_def


def test_nodes_are_those_that_tensorflow_reads(graph_path: Path) -> None:
    ours = read_graph_def(graph_path).nodes
    theirs = tf.compat.v1.GraphDef.FromString(graph_path.read_bytes()).node
    assert {name: (node.op, node.inputs) for name, node in ours.items()} == {
        node.name: (node.op, tuple(node.input)) for node in theirs
    }


def test_the_spec_is_found(graph_path: Path) -> None:
    graph = read_graph_def(graph_path)
    assert graph.spec is not None
    assert (graph.spec.origin, graph.spec.num_frames, graph.origin) == ("unknown", 16, None)


def error_of(path: Path) -> str:
    with pytest.raises(FrozenGraphError) as caught:
        read_graph_def(path)
    return str(caught.value)


def test_absent(tmp_path: Path) -> None:
    path = tmp_path / "no.pb"
    assert error_of(path) == f"cannot read frozen graph '{path}': No such file or directory"


def test_not_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "text.pb"
    path.write_text("this is no graph")
    assert error_of(path) == (
        f"'{path}' is no frozen graph: its 16 bytes are no binary GraphDef\n\n"
        "hint: `i3d freeze` makes one of a checkpoint or SavedModel"
    )


@pytest.mark.parametrize(("present", "absent"), [([], "Placeholder"), (["Placeholder"], "Softmax")])
def test_a_graph_without_the_nodes(tmp_path: Path, present: list[str], absent: str) -> None:
    with tf.Graph().as_default() as graph:
        for name in [*present, "other"]:
            tf.compat.v1.placeholder(tf.float32, (1,), name=name)
    path = tmp_path / "other.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    assert error_of(path) == (
        f"frozen graph '{path}' has no node '{absent}' among its {len(present) + 1}: it is no I3D\n\n"
        "hint: `i3d freeze` makes such a graph from a checkpoint"
    )
