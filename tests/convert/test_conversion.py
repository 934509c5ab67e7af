from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from checkpoints import random_values, save

from i3d_edge.convert import conversion, convert_graph, parity
from i3d_edge.convert.parity import Feeds, Reference
from i3d_edge.core.errors import FrozenGraphError, OutputError, ParityError
from i3d_edge.core.files import sha256_file
from i3d_edge.core.spec_file import SPEC_NODE
from i3d_edge.freeze import Checkpoint, freeze_checkpoint, inception_i3d, open_checkpoint
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.frozen_graph import FrozenGraph, run_frozen_graph
from i3d_edge.runtime import read_ir


def run_logits(path: Path, clip: np.ndarray) -> np.ndarray:
    """Run an IR in float32 on a clip of its own layout and return what enters the softmax."""
    core = ov.Core()
    model = core.read_model(path)
    model.add_outputs("logits")
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(clip)[compiled.output("logits")]


@pytest.fixture(scope="module")
def reference(graph_path: Path) -> Reference:
    """Run the frozen graph on the check's clips, which are always the same, and remember what it answered."""
    known: list[np.ndarray] = []

    def run(path: Path, clips: list[Feeds]) -> list[np.ndarray]:
        assert path == graph_path
        known[:] = known or run_frozen_graph(path, clips)
        return known

    return run


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (9, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def expected(graph_path: Path, pixels: np.ndarray) -> np.ndarray:
    """The frozen graph's logits of pixels that are not the check's."""
    [logits] = run_frozen_graph(graph_path, [{"Placeholder": (pixels[np.newaxis].astype(np.float32) - 127.5) / 127.5}])
    return np.asarray(logits)


@pytest.mark.parametrize("precision", ["FP32", "FP16"])
def test_the_ir_is_the_graph(
    graph_path: Path,
    ir_path: Path,
    reference: Reference,
    pixels: np.ndarray,
    expected: np.ndarray,
    tmp_path: Path,
    precision: str,
) -> None:
    output = tmp_path / "model.xml"
    report = convert_graph(graph_path, output, precision=precision, reference=reference)
    assert report.parity is not None
    assert report.parity.passed
    assert [clip.name for clip in report.parity.clips] == ["gratings", "patches"]
    size, bound = {"FP32": (1, 1e-4), "FP16": (0.5, 1e-2)}[precision]
    ratio = output.with_suffix(".bin").stat().st_size / ir_path.with_suffix(".bin").stat().st_size
    assert ratio == pytest.approx(size, abs=0.01)
    got = run_logits(output, pixels.transpose(0, 3, 1, 2)[np.newaxis].copy())  # laid out by hand
    assert np.abs(got - expected).max() <= bound * np.abs(expected).max()


def test_the_contract(ir_path: Path) -> None:
    model = ov.Core().read_model(ir_path)
    assert [port.names for port in model.inputs] == [{"Placeholder"}]
    assert [port.names for port in model.outputs] == [{"Softmax"}]
    assert model.input().element_type == ov.Type.u8
    assert model.inputs[0].node.layout.to_string() == "[N,D,C,H,W]"


def test_provenance(ir_path: Path, graph_path: Path, checkpoint_prefix: Path) -> None:
    _, spec = read_ir(ir_path)
    assert spec.frozen_graph_sha256 == sha256_file(graph_path)
    assert spec.fingerprint == open_checkpoint(checkpoint_prefix).fingerprint
    assert spec.passes == ("embed-preprocessing", "fuse-layout", "fold-stem-dhw")
    assert set(spec.made_with) == {"openvino", "i3d-edge"}


def test_a_second_output_on_request(graph_path: Path, reference: Reference, tmp_path: Path) -> None:
    convert_graph(graph_path, tmp_path / "model.xml", logits_output=True, reference=reference)
    model = ov.Core().read_model(tmp_path / "model.xml")
    assert [port.names for port in model.outputs] == [{"Softmax"}, {"logits"}]


def test_units_keep_deepminds_names(ir_path: Path) -> None:
    names = {node.get_friendly_name(): node.get_type_name() for node in ov.Core().read_model(ir_path).get_ops()}
    assert names["RGB/inception_i3d/Conv3d_1a_7x7/Relu"] == "Relu"
    assert names["RGB/inception_i3d/Mixed_3b/Branch_3/MaxPool3d_0a_3x3"] == "MaxPool"
    assert names["RGB/inception_i3d/Mixed_5c/concat"] == "Concat"
    assert sum(kind == "Convolution" and name.startswith("RGB/inception_i3d/") for name, kind in names.items()) == 58


def test_named_units_compute_what_their_names_say(plain_ir: Path, checkpoint_prefix: Path) -> None:
    """Two units that could be mixed up, because they read the same input and have the same shape."""
    from i3d_edge.freeze import inception_i3d

    variables = open_checkpoint(checkpoint_prefix).read()
    model = ov.Core().read_model(plain_ir)
    weights = {
        node.get_friendly_name(): node.input_value(1).get_node()
        for node in model.get_ops()
        if node.get_type_name() == "Convolution"
    }
    num_compared = 0
    for unit, _ in inception_i3d.units(3):
        constant = weights[f"RGB/inception_i3d/{unit.name}/conv_3d/convolution"]
        deviation = np.sqrt(variables[f"{unit.name}/batch_norm/moving_variance"] + 1e-3)
        expected = (variables[f"{unit.name}/conv_3d/w"] / deviation).transpose(4, 3, 0, 1, 2)
        assert np.allclose(constant.get_data(), expected, atol=1e-6), unit.name
        num_compared += 1
    assert num_compared == 57


def test_flow_takes_normalised_floats(checkpoint_prefix: Path, tmp_path: Path) -> None:
    variables = dict(open_checkpoint(checkpoint_prefix).read())
    variables["Conv3d_1a_7x7/conv_3d/w"] = variables["Conv3d_1a_7x7/conv_3d/w"][..., :2, :]
    save(tmp_path / "flow", {f"Flow/inception_i3d/{name}": value for name, value in variables.items()})
    freeze_checkpoint(open_checkpoint(tmp_path / "flow"), tmp_path / "flow.pb", num_frames=9)
    report = convert_graph(tmp_path / "flow.pb", tmp_path / "flow.xml", reference=run_frozen_graph)
    assert report.parity is not None
    assert report.parity.passed
    model = ov.Core().read_model(tmp_path / "flow.xml")
    port = model.input("Placeholder")
    assert (list(port.shape), port.element_type, report.spec.passes) == (
        [1, 9, 2, 224, 224],
        ov.Type.f32,
        ("fuse-layout", "fold-stem-dhw"),
    )


@pytest.fixture(scope="module")
def two_streams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Checkpoint]:
    folder = tmp_path_factory.mktemp("streams")
    opened = []
    for number, (scope, channels) in enumerate((("RGB", 3), ("Flow", 2))):
        values = random_values(inception_i3d.variable_shapes(channels, 7), seed=number)
        opened.append(
            open_checkpoint(save(folder / scope, {f"{scope}/inception_i3d/{name}": v for name, v in values.items()}))
        )
    return opened[0], opened[1]


@pytest.mark.parametrize("fusion", ["logits", pytest.param("probabilities", marks=pytest.mark.slow)])
def test_a_joint_graph_keeps_both_inputs(
    two_streams: tuple[Checkpoint, Checkpoint], tmp_path: Path, fusion: str
) -> None:
    """And must describe itself: nothing in it says which input is which."""
    rgb, flow = two_streams
    path = tmp_path / "j.pb"
    freeze_checkpoint(rgb, path, joint=flow, fusion=fusion, num_frames=9)
    bare = without_spec(path, tmp_path / "bare.pb")
    with pytest.raises(FrozenGraphError) as caught:
        convert_graph(bare, tmp_path / "m.xml")
    assert str(caught.value) == (
        f"frozen graph '{bare}' has 2 inputs and does not describe them\n\n"
        "hint: `i3d freeze --joint` makes such a graph"
    )
    report = convert_graph(path, tmp_path / "j.xml", reference=run_frozen_graph)
    assert report.parity is not None
    assert report.parity.passed
    model = ov.Core().read_model(tmp_path / "j.xml")
    ports = {port.any_name: (port.element_type.to_string(), list(port.shape)) for port in model.inputs}
    assert ports == {
        "Placeholder": ("u8", [1, 9, 3, 224, 224]),
        "Placeholder_flow": ("f32", [1, 9, 2, 224, 224]),
    }
    names = {node.get_friendly_name() for node in model.get_ops()}
    assert {"RGB/inception_i3d/Mixed_5c/concat", "Flow/inception_i3d/Mixed_5c/concat"} <= names
    assert read_ir(tmp_path / "j.xml")[1].fusion == fusion


@pytest.mark.slow
def test_batch_and_embedding_go_through(two_streams: tuple[Checkpoint, Checkpoint], tmp_path: Path) -> None:
    freeze_checkpoint(two_streams[0], tmp_path / "g.pb", num_frames=9, batch=2, embedding=True)
    single = freeze_checkpoint(two_streams[0], tmp_path / "single.pb", num_frames=9)
    report = convert_graph(tmp_path / "g.pb", tmp_path / "m.xml", reference=run_frozen_graph, logits_output=True)
    assert report.parity is not None
    assert report.parity.passed
    model = ov.Core().read_model(tmp_path / "m.xml")
    shapes = {port.any_name: list(port.shape) for port in model.outputs}
    assert shapes == {"Softmax": [2, 7], "embedding": [2, 1024], "logits": [2, 7]}
    of_one = convert_graph(single.path, tmp_path / "single.xml").cost
    assert report.cost.num_operations == pytest.approx(of_one.num_operations, rel=1e-6)  # per clip

    pixels = np.random.default_rng(4).integers(0, 256, (2, 9, 224, 224, 3), dtype=np.uint8)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    got = compiled(pixels.transpose(0, 1, 4, 2, 3).copy())[compiled.output("embedding")]
    with FrozenGraph(tmp_path / "g.pb") as graph:
        expected = graph.run("embedding:0", {"Placeholder": (pixels.astype(np.float32) - 127.5) / 127.5})
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def without_spec(graph_path: Path, output: Path) -> Path:
    """Copy a frozen graph without its description, as Open Model Zoo's script would have written it."""
    graph_def = tf.compat.v1.GraphDef.FromString(graph_path.read_bytes())
    kept = [node for node in graph_def.node if node.name != SPEC_NODE]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    output.write_bytes(graph_def.SerializeToString())
    return output


def test_a_foreign_graph_is_described_from_its_shapes(graph_path: Path, tmp_path: Path) -> None:
    report = convert_graph(without_spec(graph_path, tmp_path / "omz.pb"), tmp_path / "omz.xml")
    spec = report.spec
    assert (spec.origin, spec.fingerprint, spec.labels.name) == ("unknown", None, "kinetics-400")
    assert spec.clip_shape == (1, 9, 3, 224, 224)


def test_open_model_zoos_file_is_recognised_by_its_hash(
    graph_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    path = without_spec(graph_path, tmp_path / "omz.pb")
    monkeypatch.setattr("i3d_edge.freeze.graph_def.OMZ_SHA384", hashlib.sha384(path.read_bytes()).hexdigest())
    assert conversion.describe_graph(path).origin == "rgb_imagenet (Open Model Zoo i3d-rgb-tf)"


def test_a_failed_check_keeps_the_ir_aside(graph_path: Path, reference: Reference, tmp_path: Path) -> None:
    def wrong_reference(path: Path, clips: list[Feeds]) -> list[np.ndarray]:
        return [logits + 0.01 * np.abs(logits).max() for logits in reference(path, clips)]

    output = tmp_path / "model.xml"
    with pytest.raises(ParityError) as caught:
        convert_graph(graph_path, output, reference=wrong_reference)
    message, _, hint = str(caught.value).partition("\n\n")
    assert message.startswith("the IR's logits differ from the frozen graph's by 0.0")
    assert message.endswith("clip (at most 0.001 is allowed), top-5 the same")
    assert hint == f"hint: the IR is kept for inspection: '{tmp_path / 'model.rejected.xml'}'"
    assert caught.value.exit_code == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.rejected.bin", "model.rejected.xml"]


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 127.5), (127.5, 255.0)], ids=["mean", "scale"])
def test_the_check_finds_wrong_preprocessing(
    graph_path: Path,
    reference: Reference,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mean: float,
    scale: float,
) -> None:
    embed = conversion.embed_preprocessing
    monkeypatch.setattr(
        conversion,
        "embed_preprocessing",
        lambda model, spec: embed(model, spec.with_ports(mean=(mean,) * 3, scale=(scale,) * 3)),
    )
    with pytest.raises(ParityError):
        convert_graph(graph_path, tmp_path / "model.xml", reference=reference)


def test_an_existing_ir_is_not_replaced(graph_path: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.xml"
    output.write_text("before")
    with pytest.raises(OutputError) as caught:
        convert_graph(graph_path, output)
    assert str(caught.value) == (
        f"output '{output}' exists already\n\nhint: choose another name, or pass --force to replace it"
    )
    assert output.read_text() == "before"
    convert_graph(graph_path, output, force=True)
    assert output.read_text() != "before"


def test_existing_weights_are_not_replaced_either(graph_path: Path, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("precious")
    with pytest.raises(OutputError, match=r"model.bin' exists already"):
        convert_graph(graph_path, tmp_path / "model.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]
    assert (tmp_path / "model.bin").read_text() == "precious"
    with pytest.raises(OutputError, match=r"an IR's .xml is to be written, not 'new.bin'"):
        convert_graph(graph_path, tmp_path / "new.bin")


def test_a_full_disk(graph_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("Check failed\nbasic_ios::clear: iostream error")

    monkeypatch.setattr(ov, "save_model", fail)
    with pytest.raises(OutputError) as caught:
        convert_graph(graph_path, tmp_path / "m.xml")
    assert str(caught.value) == (
        f"cannot write '{tmp_path / 'm.xml'}': basic_ios::clear: iostream error\n\nhint: is the disk full?"
    )
    assert list(tmp_path.iterdir()) == []


def test_another_network_is_refused(tmp_path: Path) -> None:
    path = graph_of(tmp_path / "toy.pb", (1, 9, 224, 224, 3))
    with pytest.raises(FrozenGraphError) as caught:
        convert_graph(path, tmp_path / "m.xml")
    assert str(caught.value) == (
        f"frozen graph '{path}' is no I3D: it has 1 convolution(s) and 0 ReLU(s), not 58 and 57\n\n"
        "hint: other networks are converted by OpenVINO's own `ovc`, and then described with --spec"
    )


def test_an_extra_output_is_refused(graph_path: Path, tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(graph_path.read_bytes()), name="")
        tf.argmax(graph.get_tensor_by_name("Softmax:0"), axis=1, name="best")
    path = tmp_path / "extra.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(
        FrozenGraphError, match=r"node 'best' of the frozen graph \(ArgMax\) became \w+, not a known layer"
    ):
        convert_graph(path, tmp_path / "m.xml")


def graph_of(path: Path, shape: tuple[int | None, ...], kind: str = "conv") -> Path:
    with tf.Graph().as_default() as graph:
        clip = tf.compat.v1.placeholder(tf.float32, shape, name="Placeholder")
        x = tf.nn.conv3d(clip, tf.ones((1, 1, 1, shape[-1], 4)), (1,) * 5, "SAME")
        x = tf.reduce_mean(tf.tanh(x) if kind == "tanh" else x, axis=(1, 2, 3), name="logits")
        tf.nn.softmax(x, name="Softmax")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def test_a_graph_of_open_shape(tmp_path: Path) -> None:
    path = graph_of(tmp_path / "open.pb", (None, 9, 32, 32, 3))
    with pytest.raises(FrozenGraphError) as caught:
        convert_graph(path, tmp_path / "m.xml")
    assert str(caught.value) == (f"frozen graph '{path}' takes [?,9,32,32,3], not clips of fixed shape (N, D, H, W, C)")


def test_a_graph_of_other_channels(tmp_path: Path) -> None:
    path = graph_of(tmp_path / "grey.pb", (1, 9, 32, 32, 1))
    with pytest.raises(FrozenGraphError) as caught:
        convert_graph(path, tmp_path / "m.xml")
    assert str(caught.value) == f"frozen graph '{path}' has 1 channel(s), neither 3 (RGB) nor 2 (flow)"


def test_bounds_are_stated_for_each_precision() -> None:
    assert parity.BOUNDS == {"FP32": 1e-3, "FP16": 1e-2}
