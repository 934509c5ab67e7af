import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from tiny import write_tiny_ir

from i3d_edge.convert import convert_graph
from i3d_edge.convert.conversion import Layout
from i3d_edge.convert.model_api import export_to_model_api
from i3d_edge.core.errors import IRError, OutputError, SpecError
from i3d_edge.core.port import NUMPY_TYPES, ElementType
from i3d_edge.core.spec_file import spec_to_fields
from i3d_edge.runtime import Engine, read_ir

FRAMES = np.random.default_rng(0).integers(0, 256, (16, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def exported(ir_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_to_model_api(ir_path, tmp_path_factory.mktemp("model_api") / "m.xml").path


def probabilities(path: Path, frames: np.ndarray) -> np.ndarray:
    """Run an exported IR as Model API does: frames, with two axes before them, transposed to the IR's order."""
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    clips = np.expand_dims(frames, (0, 1)).transpose(0, 1, 5, 2, 3, 4)
    return compiled(np.ascontiguousarray(clips))["Softmax"][0]


@pytest.mark.parametrize(
    ("layout", "input_type"),
    [("NDCHW", "u8"), ("NDHWC", "u8"), ("NCDHW", "f32")],
)
def test_the_answer_is_the_runtimes(graph_path: Path, tmp_path: Path, layout: Layout, input_type: ElementType) -> None:
    convert_graph(graph_path, tmp_path / "m.xml", layout=layout, input_type=input_type)
    engine = Engine(tmp_path / "m.xml", inference_precision="f32")
    order = tuple("DHWC".index(axis) for axis in layout[1:])
    expected = engine.probabilities(np.ascontiguousarray(FRAMES.transpose(order)[np.newaxis]))
    report = export_to_model_api(tmp_path / "m.xml", tmp_path / "api.xml")
    found = probabilities(report.path, FRAMES.astype(NUMPY_TYPES[input_type]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    wrong = probabilities(report.path, FRAMES[::-1].astype(NUMPY_TYPES[input_type]))
    assert np.abs(wrong - expected).max() > 1e-5


def test_the_ports(exported: Path) -> None:
    model = ov.Core().read_model(exported)
    [port] = model.inputs
    assert (port.names, port.element_type) == ({"Placeholder"}, ov.Type.u8)
    assert tuple(port.shape) == (1, 1, 3, 16, 224, 224)
    assert str(ov.layout_helpers.get_layout(port)) == "[N,S,C,T,H,W]"
    assert [tuple(output.shape) for output in model.outputs] == [(1, 400)]


def test_what_it_says_of_itself(exported: Path, ir_path: Path) -> None:
    """No mean and no scale: the wrapper would apply them a second time."""
    _, spec = read_ir(ir_path)
    model = ov.Core().read_model(exported)
    info = dict(model.get_rt_info(["model_info"]).value)
    labels = info.pop("labels").split()
    assert info == {
        "model_type": "Action Classification",
        "layout": "Placeholder:NSCTHW",
        "reverse_input_channels": "False",
        "input_dtype": "u8",
    }
    assert labels == [name.replace(" ", "_") for name in spec.labels.names]
    source = {name: json.loads(value) for name, value in model.get_rt_info(["i3d_edge_source"]).value.items()}
    assert source == spec_to_fields(spec)


def test_our_runtime_does_not_take_it_for_its_own(exported: Path) -> None:
    with pytest.raises(IRError) as caught:
        read_ir(exported)
    assert str(caught.value) == (
        f"IR '{exported}' does not describe itself\n\n"
        "hint: `i3d export` made it for other software: give the IR that it was made from"
    )


def test_an_existing_output(exported: Path, ir_path: Path) -> None:
    before = exported.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        export_to_model_api(ir_path, exported)
    assert exported.read_bytes() == before
    assert export_to_model_api(ir_path, exported, force=True).path == exported


def test_a_full_disk_leaves_nothing(ir_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_model: ov.Model, path: Path, **_options: bool) -> None:
        path.write_text("half")
        raise RuntimeError("\ncannot write")

    monkeypatch.setattr("openvino.save_model", fill)
    with pytest.raises(OutputError) as caught:
        export_to_model_api(ir_path, tmp_path / "m.xml")
    assert caught.value.message == f"cannot write '{tmp_path / 'm.xml'}': cannot write"
    assert list(tmp_path.iterdir()) == []


def test_only_one_rgb_clip(tmp_path: Path) -> None:
    write_tiny_ir(tmp_path / "m.xml", batch=2)
    with pytest.raises(SpecError) as caught:
        export_to_model_api(tmp_path / "m.xml", tmp_path / "api.xml")
    message = "Model API takes models of one RGB clip of raw pixels that give probabilities; this is I3D rgb"
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "api.xml").exists()


def test_model_apis_own_wrapper(exported: Path, ir_path: Path) -> None:
    model_api = pytest.importorskip("model_api.models", reason="openvino-model-api wants an environment of its own")
    wrapper = model_api.Model.create_model(str(exported), device="CPU")
    assert type(wrapper).__name__ == "ActionClassificationModel"
    [label] = wrapper(FRAMES).top_labels
    engine = Engine(ir_path)
    expected = engine.probabilities(np.ascontiguousarray(FRAMES.transpose(0, 3, 1, 2)[np.newaxis]))
    assert label.id == expected.argmax()
    assert label.name == engine.spec.labels.names[label.id].replace(" ", "_")
    assert abs(label.confidence - expected.max()) < 1e-6
