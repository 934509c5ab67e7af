import re
import shutil
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor

from i3d_edge import VideoClassifier
from i3d_edge.convert.saving import describe
from i3d_edge.core.errors import IRError
from i3d_edge.core.spec_file import RT_INFO_GROUP
from i3d_edge.runtime.inference.ir import read_ir


@pytest.fixture
def copied_ir(ir_path: Path, tmp_path: Path) -> Path:
    for suffix in (".xml", ".bin"):
        shutil.copy(ir_path.with_suffix(suffix), tmp_path / f"model{suffix}")
    return tmp_path / "model.xml"


def error_of(path: Path) -> str:
    with pytest.raises(IRError) as caught:
        read_ir(path)
    return str(caught.value)


def test_an_ir_describes_itself(ir_path: Path) -> None:
    model, spec = read_ir(ir_path)
    assert spec.clip_shape == (1, 9, 3, 224, 224) == tuple(model.input("Placeholder").shape)
    assert (spec.layout, spec.inputs["Placeholder"].element_type, spec.precision) == ("NDCHW", "u8", "FP32")
    assert spec.origin == "unknown"
    assert spec.labels.names[0] == "abseiling"
    assert len(spec.frozen_graph_sha256 or "") == 64
    assert tuple(model.output("Softmax").shape) == (1, 400)


def test_absent(copied_ir: Path) -> None:
    path = copied_ir.with_name("other.xml")
    assert error_of(path) == f"no IR '{path}'\n\nhint: give one of '{path.with_name('model.xml')}'"
    path.write_text("<testsuites/>")  # an .xml without weights is no IR
    near = copied_ir.with_name("modell")
    assert error_of(near) == f"no IR '{near}'\n\nhint: did you mean '{copied_ir}'?"


def test_without_weights(copied_ir: Path) -> None:
    copied_ir.with_suffix(".bin").unlink()
    assert error_of(copied_ir) == (
        f"IR '{copied_ir}' lacks its weights: 'model.bin' is not beside it\n\nhint: an IR is two files: copy both"
    )


def test_a_frozen_graph_is_no_ir(graph_path: Path) -> None:
    assert error_of(graph_path) == (
        f"'{graph_path}' is a frozen graph, not an IR's .xml\n\n"
        f"hint: make an IR of it: i3d convert {graph_path} -o {graph_path.with_suffix('.xml')}"
    )


def test_text_is_no_ir(copied_ir: Path) -> None:
    copied_ir.write_text("<html></html>")
    assert error_of(copied_ir).startswith(f"OpenVINO cannot read IR '{copied_ir}'")


def foreign_ir(path: Path, *, shape: tuple[int, ...], spec_of: Path | None) -> Path:
    """Write a small model with another input, with or without the description of a real one."""
    clip = ops.parameter(shape, ov.Type.u8, name="frames")
    total = ops.reduce_sum(ops.convert(clip, "f32"), ops.constant([1, 2, 3, 4]), keep_dims=False)
    model = ov.Model([total], [clip], "foreign")
    if spec_of is not None:
        info = ov.Core().read_model(spec_of).get_rt_info(["i3d_edge"]).value
        for name, value in info.items():
            model.set_rt_info(value, ["i3d_edge", name])
    ov.save_model(model, path)
    return path


def test_an_ir_that_does_not_describe_itself(tmp_path: Path) -> None:
    path = foreign_ir(tmp_path / "foreign.xml", shape=(1, 9, 3, 224, 224), spec_of=None)
    assert error_of(path) == (
        f"IR '{path}' does not describe itself\n\nhint: describe it in a JSON file, and give that with --spec"
    )


def test_an_ir_with_another_input(tmp_path: Path, ir_path: Path) -> None:
    path = foreign_ir(tmp_path / "foreign.xml", shape=(1, 3, 9, 224, 224), spec_of=ir_path)
    message = error_of(path)
    assert message.startswith(f"IR '{path}' takes ")
    assert message.endswith(" u8[1,3,9,224,224], and its description says Placeholder u8[1,9,3,224,224]")


def test_a_damaged_description(copied_ir: Path) -> None:
    text = copied_ir.read_text()
    assert '<num_frames value="9" />' in text
    copied_ir.write_text(text.replace('<num_frames value="9" />', '<num_frames value="ten" />'))
    message = error_of(copied_ir)
    assert message.startswith(f"cannot use the description inside IR '{copied_ir}': num_frames is not JSON: ")
    assert message.endswith("hint: make the IR again")
    copied_ir.write_text(re.sub("<i3d_edge>.*</i3d_edge>", '<i3d_edge value="1" />', text, flags=re.DOTALL))
    assert error_of(copied_ir).startswith(f"cannot use the description inside IR '{copied_ir}': it has no fields")


RECIPE = '{"spec_version": 1, "labels": {"name": "kinetics-400"}, "num_frames": 9, "layout": "NDHWC", '
RECIPE += '"input_type": "f32", "has_preprocessing": true}'


@pytest.fixture(scope="module")
def recipe_ir(graph_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An IR as Open Model Zoo's recipe makes it: NDHWC, float pixels, other port names, no description."""
    path = tmp_path_factory.mktemp("recipe") / "recipe.xml"
    processor = PrePostProcessor(ov.convert_model(graph_path))
    processor.input().tensor().set_layout(ov.Layout("NDHWC"))
    processor.input().model().set_layout(ov.Layout("NDHWC"))
    processor.input().preprocess().mean(127.5).scale(127.5)
    ov.save_model(processor.build(), path, compress_to_fp16=False)
    path.with_suffix(".json").write_text(RECIPE)
    return path


def test_a_foreign_ir_runs_once_told_what_it_is(recipe_ir: Path, ir_path: Path) -> None:
    frames = np.random.default_rng(5).integers(0, 256, (9, 240, 320, 3), dtype=np.uint8)
    answers = []
    for path, spec in ((ir_path, None), (recipe_ir, recipe_ir.with_suffix(".json"))):
        with VideoClassifier(path, inference_precision="f32", spec=spec) as classifier:
            answers.append({item.index: item.prob for item in classifier.classify(frames, k=400).predictions})
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)


def refused(path: Path, spec_path: Path) -> str:
    with pytest.raises(IRError) as caught:
        read_ir(path, spec_path=spec_path)
    return str(caught.value)


def test_a_description_of_another_model(recipe_ir: Path, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(RECIPE.replace("NDHWC", "NDCHW"))
    assert refused(recipe_ir, tmp_path / "s.json") == (
        f"IR '{recipe_ir}' takes Placeholder f32[1,9,224,224,3], and its description says "
        "Placeholder f32[1,9,3,224,224]"
    )


def test_a_description_that_is_none(recipe_ir: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("{}")
    assert refused(recipe_ir, path) == (
        f"cannot use the description '{path}': it states no version; this program reads version 2\n\n"
        "hint: another version of i3d-edge wrote it: make the model again"
    )
    path.unlink()
    assert refused(recipe_ir, path).startswith(f"cannot use the description '{path}': [Errno 2]")


def test_an_ir_that_describes_itself_is_not_described_again(ir_path: Path, recipe_ir: Path) -> None:
    assert refused(ir_path, recipe_ir.with_suffix(".json")) == (
        f"IR '{ir_path}' describes itself: no other description is taken\n\nhint: leave out --spec"
    )


def test_a_description_replaces_one_of_an_earlier_version(ir_path: Path, tmp_path: Path) -> None:
    model, spec = read_ir(ir_path)
    model.set_rt_info("true", [RT_INFO_GROUP, "has_preprocessing"])
    describe(model, spec)
    ov.save_model(model, tmp_path / "again.xml")
    assert read_ir(tmp_path / "again.xml")[1] == spec
