"""TF-Hub modules for tests: DeepMind's own, put together from the shared data, and small ones made here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf import saved_model_pb2

from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.tensor_index import read_index

_DATA = ".data-00000-of-00001"


def lay_out(shared: Path, folder: Path) -> Path:
    """Write i3d-kinetics-400/1 whole: its graph and index, and rgb_scratch's tensors in the order of that index."""
    source = shared / "tfhub/i3d-kinetics-400-1"
    prefix = shared / "checkpoints/rgb_scratch/model.ckpt"
    shutil.copytree(source, folder, copy_function=shutil.copyfile)  # what is shared is read-only
    folder.chmod(0o755)
    (folder / "variables").chmod(0o755)
    published = read_index(prefix.with_name("model.ckpt.index"))
    tensors = read_index(folder / "variables/variables.index")
    assert {name: entry.crc32c for name, entry in tensors.items()} == {
        name: entry.crc32c for name, entry in published.items()
    }
    weights = Path(f"{prefix}{_DATA}").read_bytes()
    data = bytearray(max(entry.offset + entry.num_bytes for entry in tensors.values()))
    for name, entry in tensors.items():
        start = published[name].offset
        data[entry.offset : entry.offset + entry.num_bytes] = weights[start : start + entry.num_bytes]
    Path(f"{folder}/variables/variables{_DATA}").write_bytes(data)
    return folder


def brightness(clip: Any) -> Any:
    """What is no network, and quick to load: 400 logits, each the mean of the clip."""
    return tf.reduce_mean(clip, axis=(1, 2, 3, 4))[:, tf.newaxis] * tf.ones((1, 400))


def network_of(graph_path: Path) -> Callable[[Any], Any]:
    """The network of a frozen graph, from clip to logits, its variables being constants."""
    frozen = tf.compat.v1.GraphDef.FromString(graph_path.read_bytes())
    return lambda clip: tf.import_graph_def(frozen, {"Placeholder:0": clip}, ["logits:0"], name="")[0]


def small_module(
    folder: Path,
    checkpoint_prefix: Path,
    network: Callable[[Any], Any] = brightness,
    *,
    signature: str = "default",
    tags: tuple[str, ...] = (),
) -> Path:
    """Write a module whose graph is the given network, for clips of any length, and beside it a checkpoint's variables.

    Args:
        folder: To make.
        checkpoint_prefix: An I3D's.
        network: From clip to answer.
        signature: Its name.
        tags: Of the graph; a TF-Hub module has none.
    """
    with tf.Graph().as_default() as graph:
        clip = tf.compat.v1.placeholder(tf.float32, (None, None, 224, 224, 3), name="rgb_input")
        answer = network(clip)
        model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        model.meta_graphs.add().CopyFrom(tf.compat.v1.train.export_meta_graph(graph=graph))
    model.meta_graphs[0].meta_info_def.tags.extend(tags)
    definition = model.meta_graphs[0].signature_def[signature]
    for described, tensor in ((definition.inputs["rgb_input"], clip), (definition.outputs["default"], answer)):
        described.name, described.dtype = tensor.name, tensor.dtype.as_datatype_enum
        described.tensor_shape.CopyFrom(tensor.shape.as_proto())
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    for suffix in (".index", _DATA):
        (folder / f"variables/variables{suffix}").symlink_to(f"{checkpoint_prefix}{suffix}")
    return folder
