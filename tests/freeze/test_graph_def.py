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
    assert (graph.spec.origin, graph.spec.num_frames, graph.origin) == ("unknown", 9, None)


def error_of(path: Path) -> str:
    with pytest.raises(FrozenGraphError) as caught:
        read_graph_def(path)
    return str(caught.value)


def test_absent(tmp_path: Path) -> None:
    path = tmp_path / "no.pb"
    assert error_of(path) == f"cannot read frozen graph '{path}': No such file or directory"


def test_other_stages_are_answered_with_the_command_to_run(
    checkpoint_prefix: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    (tmp_path / "m.xml").touch()
    (tmp_path / "m.pt").touch()
    freeze = f"i3d freeze {checkpoint_prefix} -o {checkpoint_prefix.with_suffix('.pb')}"
    for path, title, hint in (
        (checkpoint_prefix, "a checkpoint", freeze),
        (Path(f"{checkpoint_prefix}.index"), "a checkpoint", freeze),
        (checkpoint_prefix.parent, "a folder with a checkpoint", f"i3d freeze {checkpoint_prefix.parent} -o model.pb"),
        (tmp_path, "a SavedModel", f"i3d freeze {tmp_path} -o model.pb"),
        (tmp_path / "saved_model.pb", "a SavedModel", f"i3d freeze {tmp_path} -o model.pb"),
        (tmp_path / "m.xml", "an IR", f"i3d classify VIDEO --model {tmp_path / 'm.xml'}"),
        (tmp_path / "m.pt", "a PyTorch file", "`i3d fetch` gets TensorFlow checkpoints"),
    ):
        with subtests.test(path=path.name):
            assert error_of(path).startswith(f"'{path}' is {title}, not a frozen graph\n\nhint: {hint}")


def test_not_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "text.pb"
    path.write_text("this is no graph")
    assert error_of(path) == (
        f"'{path}' is no frozen graph: its 16 bytes are no binary GraphDef\n\n"
        "hint: `i3d freeze` makes one of a checkpoint or SavedModel"
    )


def test_a_graph_that_reads_what_is_not_there(tmp_path: Path) -> None:
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="Placeholder", op="Placeholder")
    graph.node.add(name="Softmax", op="Softmax").input.append("")
    path = tmp_path / "damaged.pb"
    path.write_bytes(graph.SerializeToString())
    assert error_of(path) == f"frozen graph '{path}' is damaged: a node reads '', and there is no such node"


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
