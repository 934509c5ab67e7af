"""Networks given as ONNX: read with a description, written as IRs, compared with ONNX Runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from onnx import TensorProto
from onnx_models import LABELS, NUM_FRAMES, SIDE_PX, description, write_onnx
from synthetic import write_numbered

from i3d_edge import VideoClassifier
from i3d_edge.cli import main
from i3d_edge.convert.onnx_model import OnnxModel
from i3d_edge.convert.other_network import describe_network
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.convert.stage import onnx_stage
from i3d_edge.core.errors import IRError, ParityError, SpecError
from i3d_edge.core.wire import read_message, write_part
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.inference.onnx import numbers_sha256

OPEN = ("N", 3, "T", "H", "W")
CLIP = {"video": np.random.default_rng(1).normal(0, 1, (1, NUM_FRAMES, SIDE_PX, SIDE_PX, 3)).astype(np.float32)}


def described(path: Path, **fields: object) -> Path:
    """Replace fields of the description beside a network."""
    answers = json.loads(path.with_suffix(".json").read_text())["head"]["kind"]
    path.with_suffix(".json").write_text(json.dumps(description(answers, **fields)))
    return path


def convert(path: Path, *options: str) -> str:
    args = ("convert", path, "--spec", path.with_suffix(".json"), "-o", path.with_suffix(".xml"), *options)
    result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(path: Path) -> str:
    with pytest.raises(IRError) as caught:
        describe_network(path, path.with_suffix(".json"), path.with_suffix(".xml"))
    assert not path.with_suffix(".xml").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("network", "options"),
    [
        ({}, ()),
        ({"shape": OPEN}, ()),
        ({"answers": "probabilities"}, ()),
        ({"weights_at": "w.bin"}, ()),
        ({}, ("--precision", "FP16")),
    ],
    ids=["logits", "open axes", "probabilities", "weights beside it", "FP16"],
)
def test_an_onnx_model_becomes_an_ir_that_describes_itself(
    network: dict[str, str], options: tuple[str, ...], tmp_path: Path
) -> None:
    path = write_onnx(tmp_path / "net.onnx", **network)
    text = convert(path, *options)
    assert text.count("parity, ") == 2
    assert f"limit {0.01 if options else 0.001:g}" in text
    model, spec = read_ir(tmp_path / "net.xml")
    assert "ShapeOf" not in {node.get_type_name() for node in model.get_ops()}
    assert (spec.clip_shape, spec.labels.names) == ((1, 3, NUM_FRAMES, SIDE_PX, SIDE_PX), LABELS)
    assert spec.precision == ("FP16" if options else None)


@pytest.mark.parametrize("answers", ["logits", "probabilities"])
def test_the_reference_is_the_model_as_it_was(answers: str, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", answers=answers)
    model = OnnxModel(path, path.with_suffix(".json"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [expected] = session.run([answers], {"video": CLIP["video"].transpose(0, 4, 1, 2, 3)})
    logits = model.logits(CLIP)
    got = logits if answers == "logits" else np.exp(logits) / np.exp(logits).sum()
    assert got == pytest.approx(expected, rel=1e-5)
    layers = model.layers(CLIP, ["Relu"])
    assert {name: values.shape for name, values in layers.items()} == {
        "activation": (1, 6, NUM_FRAMES, SIDE_PX, SIDE_PX)
    }


def test_pixels_reach_the_reference_as_bytes(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", element_type=TensorProto.UINT8)
    port = {**description()["inputs"]["video"], "element_type": "u8", "takes_pixels": True}
    described(path, inputs={"video": port})
    assert "uint8, RGB 0..255" in convert(path)


def test_ports_of_other_names_and_several_clips(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", shape=OPEN)
    port = description()["inputs"]["video"]
    described(path, inputs={"clip": port}, head={"output": "scores", "kind": "logits"}, batch=2)
    assert "clip NCDHW (2, 3, 8, 32, 32)" in convert(path)
    with pytest.raises(SpecError, match="a stage takes one clip at a time"):
        onnx_stage(path, path.with_suffix(".json"))


def test_another_network_than_the_onnx_model_is_kept_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    monkeypatch.setattr(OnnxModel, "logits", lambda self, feeds: np.ones((1, len(LABELS)), np.float32))
    with pytest.raises(ParityError, match="the IR's logits differ from the ONNX model's by") as caught:
        describe_network(path, path.with_suffix(".json"), tmp_path / "own.xml")
    assert caught.value.hint == f"the IR is kept for inspection: '{tmp_path / 'own.rejected.xml'}'"
    assert not (tmp_path / "own.xml").exists()


def test_without_onnx_runtime_it_says_so(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    code = "import sys; sys.modules['onnxruntime'] = None\nfrom i3d_edge.cli import main; main(sys.argv[1:])"
    args = ["convert", path, "--spec", path.with_suffix(".json"), "-o", path.with_suffix(".xml")]
    result = subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=True)
    assert "WARNING: parity NOT CHECKED, because ONNX Runtime is not installed" in result.stderr
    assert "NOT CHECKED" in result.stdout
    parity_args = ["parity", path, path.with_suffix(".xml"), "--spec", path.with_suffix(".json")]
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, parity_args)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "running an ONNX model needs the package onnxruntime, which is not installed" in result.stderr


def test_stages_and_their_layers(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", answers="probabilities")
    convert(path)
    args = ["parity", path, path.with_suffix(".xml"), "--spec", path.with_suffix(".json"), "--layers", "--json"]
    result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    [step] = json.loads(result.stdout)["steps"]
    assert (step["before"], step["after"]) == ("net.onnx (ONNX Runtime f32)", "net.xml (f32)")
    assert step["relative_difference"] < 1e-4
    assert [layer["layer"] for layer in step["layers"]] == ["activation"]


def test_classifying_with_the_onnx_model_itself(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", weights_at="w.bin")
    convert(path)
    write_numbered(tmp_path / "v.mp4", 30)
    own = {"inference_precision": "f32", "cache": tmp_path / "cache"}
    answers = []
    for model, spec in ((path, path.with_suffix(".json")), (path.with_suffix(".xml"), None)):
        with VideoClassifier(model, spec=spec, **own) as classifier:
            answers.append([item.prob for item in classifier.classify(tmp_path / "v.mp4").predictions])
    assert answers[0] == pytest.approx(answers[1], abs=1e-6)


def test_depthwise_convolutions_stay_floats_in_int8(tmp_path: Path) -> None:
    """Else OpenVINO cannot compile the convolution after them, on a CPU that has bf16."""
    pytest.importorskip("nncf")
    path = write_onnx(tmp_path / "net.onnx", is_depthwise=True)
    convert(path)
    videos = []
    for number in (30, 40):
        write_numbered(tmp_path / f"{number}.mp4", number)
        videos.append(tmp_path / f"{number}.mp4")
    report = quantize_ir(tmp_path / "net.xml", videos, tmp_path / "int8.xml", num_clips=2)
    assert len(report.layers) == 3
    model, _ = read_ir(tmp_path / "int8.xml")
    [depthwise] = [node for node in model.get_ops() if node.get_type_name() == "GroupConvolution"]
    assert depthwise.input_value(0).get_node().get_type_name() == "Relu"


def test_weights_in_another_file_count(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", weights_at="w.bin")
    before = numbers_sha256(path)
    assert numbers_sha256(write_onnx(tmp_path / "whole.onnx")) == before
    data = bytearray((tmp_path / "w.bin").read_bytes())
    data[0] ^= 1
    (tmp_path / "w.bin").write_bytes(data)
    assert numbers_sha256(path) != before


def test_info_shows_the_ports(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", shape=OPEN)
    text = CliRunner().invoke(main, ["info", str(path)], catch_exceptions=False).stdout
    assert "video [?,3,?,?,?]" in text
    assert f"i3d convert {path} --spec SPEC.json -o {tmp_path / 'net.xml'}" in text


def test_it_needs_a_description(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    hint = f"hint: describe it in a JSON file: i3d convert {path} --spec FILE -o {tmp_path / 'net.xml'}"
    with pytest.raises(IRError) as caught:
        read_ir(path)
    assert str(caught.value) == f"ONNX model '{path}' does not describe itself\n\n{hint}"
    result = CliRunner().invoke(main, ["convert", str(path), "-o", str(tmp_path / "own.xml")])
    assert (result.exit_code, "describe it in a JSON file: i3d convert" in result.output) == (1, True)
    result = CliRunner().invoke(main, ["parity", str(path), str(path)])
    assert (result.exit_code, "describe it in a JSON file: i3d convert" in result.output) == (1, True)


COPY = "hint: copy or export it again, with its weights inside or in the same folder"


def test_an_operator_that_openvino_does_not_know(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", operator="Frobnicate")
    reason = "No conversion rule found for operations: Frobnicate-18"
    assert refused(path) == f"OpenVINO cannot read ONNX model '{path}': {reason}\n\n{COPY}"


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(path) == f"OpenVINO cannot read ONNX model '{path}': Model can't be parsed\n\n{COPY}"


def test_a_web_page(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    path.write_text("<!DOCTYPE html><html></html>")
    assert refused(path) == (
        f"'{path}' is a web page, not an ONNX model\n\nhint: download the file itself, not the page that shows it"
    )


@pytest.mark.parametrize("way", ["..", "absolute", "link"])
def test_no_file_outside_of_its_folder_is_opened(way: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = write_onnx(
        tmp_path / "in" / "net.onnx",
        weights_at={"..": "../w.bin", "absolute": str(tmp_path / "w.bin"), "link": "w.bin"}[way],
    )
    if way == "link":
        (tmp_path / "in" / "w.bin").rename(tmp_path / "w.bin")
        (tmp_path / "in" / "w.bin").symlink_to("../w.bin")
    assert "which is outside the base directory" in refused(path)


def test_weights_that_are_a_pipe(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", weights_at="w.bin")
    (tmp_path / "w.bin").unlink()
    os.mkfifo(tmp_path / "w.bin")
    assert "w.bin" in refused(path)


@pytest.mark.parametrize(
    ("network", "fields", "message"),
    [
        (
            {"shape": (1, 3, "T", 32, 32)},
            {"crop_px": [24, 24]},
            "takes video f32[1,3,?,32,32], and its",
        ),
        ({"shape": (1, 3, 16, 32, 32)}, {}, "takes video f32[1,3,16,32,32], and its description says video f32[1,3,8"),
        ({}, {"labels": {"name": "two", "names": ["a", "b"]}}, "answers with shape [1,5]; its description says [1,2]"),
        ({"num_inputs": 2}, {}, "has 2 inputs; its description has 1"),
    ],
    ids=["an open axis beside another length", "another length", "another number of classes", "two inputs"],
)
def test_a_description_of_another_network(
    network: dict[str, object], fields: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = described(write_onnx(tmp_path / "net.onnx", **network), **fields)
    assert refused(path).startswith(f"ONNX model '{path}' {message}")


def test_an_axis_that_stays_open(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    text = """<ir_version: 9, opset_import: ["" : 18]>
    g (float[1,3,8,32,32] video) => (int64[n, m] logits) { logits = NonZero(video) }"""
    onnx.save(onnx.parser.parse_model(text), path)
    assert refused(path).startswith(f"ONNX model '{path}' answers with shape [5,..24576]; its description says [1,5]")


def test_what_onnx_runtime_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_onnx(tmp_path / "net.onnx")

    def refuse(*_args: object, **_options: object) -> None:
        raise onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented("no such kernel\nat somewhere")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    assert refused(path) == f"ONNX Runtime cannot run '{path}': no such kernel"


def test_a_field_of_any_length_is_written_as_it_is_read() -> None:
    for length in (0, 127, 128, 70_000):
        [part] = read_message(write_part(12, b"x" * length)).parts[12]
        assert bytes(part) == b"x" * length
