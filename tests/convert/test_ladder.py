"""The parity ladder on a short network, whole and with mistakes planted in its IR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from synthetic import write_numbered

from i3d_edge.convert import convert_graph
from i3d_edge.convert.clip_files import match_clips, read_clip_files
from i3d_edge.convert.ladder import TOLERANCES, climb
from i3d_edge.convert.mistakes import mistakes
from i3d_edge.convert.parity import Feeds, generated_clips
from i3d_edge.convert.stage import Stage, ir_stage
from i3d_edge.core.errors import ClipShapeError, DeviceError, SpecError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet, kinetics_400
from i3d_edge.runtime import Engine

SPEC = i3d_spec(labels=kinetics_400(), num_frames=9)
FLOW_SPEC = i3d_spec(labels=kinetics_400(), num_frames=9, stream="flow")
AXES = "NDCHW"


@pytest.fixture(scope="module")
def plain(plain_ir: Path) -> Stage:
    return ir_stage(plain_ir)


@pytest.fixture(scope="module")
def clips() -> dict[str, Feeds]:
    return {"gratings": generated_clips(SPEC)["gratings"]}


def test_equal_stages_agree(plain: Stage, ir_path: Path, clips: dict[str, Feeds]) -> None:
    [step] = climb([plain, ir_stage(ir_path)], clips, all_layers=True)
    assert step.agrees
    assert step.relative_difference < 1e-5
    assert (step.top1, step.top5, step.num_clips, step.mistake) == (1.0, 1.0, 1, None)
    assert step.cosine == pytest.approx(1, abs=1e-6)
    assert step.first_divergence is None
    names = [layer.layer for layer in step.layers]
    assert names[0] == "RGB/inception_i3d/Conv3d_1a_7x7/Relu"
    assert names[-1] == "RGB/inception_i3d/Mixed_5c/concat"
    assert len(names) == 57 + 9


@pytest.mark.isa
def test_each_step_and_the_whole_way(plain: Stage, plain_ir: Path, clips: dict[str, Feeds]) -> None:
    stages = [plain, ir_stage(plain_ir, precision="bf16"), plain]
    ran = Engine(plain_ir, inference_precision="bf16").precision  # f32 on a CPU that has AVX2 only
    low = {"bf16": "plain.xml (bf16)", "f32": "plain.xml (f32, bf16 asked for)"}[ran]
    steps = climb(stages, clips)
    assert [(step.before, step.after) for step in steps] == [
        ("plain.xml (f32)", low),
        (low, "plain.xml (f32)"),
        ("plain.xml (f32)", "plain.xml (f32)"),
    ]
    assert [step.tolerance for step in steps] == [TOLERANCES[ran], TOLERANCES[ran], TOLERANCES["f32"]]
    assert steps[2].logit_max == 0


@pytest.mark.parametrize(
    ("ran", "asked", "name", "precision"),
    [
        ("f32", "bf16", "plain.xml (f32, bf16 asked for)", "f32"),
        ("bf16", "f16", "plain.xml (bf16, f16 asked for)", "bf16"),
        ("bf16", "bf16", "plain.xml (bf16)", "bf16"),
        ("not reported", "f16", "plain.xml (f16)", "f16"),
    ],
)
def test_a_stage_computes_in_what_runs(
    ran: str, asked: str, name: str, precision: str, plain_ir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("i3d_edge.convert.stage.executed_precision", lambda _compiled: ran)
    monkeypatch.setattr("i3d_edge.convert.stage._compile", lambda *_: None)
    stage = ir_stage(plain_ir, precision=asked)
    assert (stage.name, stage.precision) == (name, precision)


def reverse(value: ov.Output, axis: int) -> ov.Output:
    length = value.get_shape()[axis]
    return ops.gather(value, ops.constant(np.arange(length)[::-1].copy()), axis).output(0)


def confuse(value: ov.Output) -> ov.Output:
    batch, frames, channels, height, width = value.get_shape()
    return ops.transpose(ops.reshape(value, [batch, channels, frames, height, width], False), [0, 2, 1, 3, 4]).output(0)


PLANTED: dict[str, Callable[[ov.Output], ov.Output]] = {
    "channels swapped: BGR instead of RGB": lambda value: reverse(value, AXES.index("C")),
    "frames reversed": lambda value: reverse(value, AXES.index("D")),
    "NDCHW fed as NCDHW": confuse,
}


def plant(ir_path: Path, output: Path, change: Callable[[ov.Output], ov.Output]) -> Path:
    """Write a copy of an IR that does something to its input first."""
    model = ov.Core().read_model(ir_path)
    [parameter] = model.get_parameters()
    targets = parameter.output(0).get_target_inputs()
    changed = change(parameter.output(0))
    for target in targets:
        target.replace_source_output(changed)
    model.validate_nodes_and_infer_types()
    ov.save_model(model, output, compress_to_fp16=False)
    return output


@pytest.mark.parametrize("title", PLANTED)
def test_a_mistake_in_the_ir_is_named(
    title: str, plain: Stage, plain_ir: Path, tmp_path: Path, clips: dict[str, Feeds]
) -> None:
    wrong = plant(plain_ir, tmp_path / "wrong.xml", PLANTED[title])
    [step] = climb([plain, ir_stage(wrong)], clips)
    assert not step.agrees
    assert step.mistake == f"wrong.xml (f32) sees {title}"
    assert step.first_divergence is not None
    assert step.first_divergence.layer == "RGB/inception_i3d/Conv3d_1a_7x7/Relu"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "mean", "scale"),
    [("range [0, 1] instead of [-1, 1]", 0.0, 255.0), ("range [0, 255] instead of [-1, 1]", 0.0, 1.0)],
)
def test_a_wrong_range_in_the_ir_is_named(
    title: str,
    mean: float,
    scale: float,
    graph_path: Path,
    plain_ir: Path,
    tmp_path: Path,
    clips: dict[str, Feeds],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from i3d_edge.convert import conversion

    embed = conversion.embed_preprocessing
    monkeypatch.setattr(
        conversion,
        "embed_preprocessing",
        lambda model, spec: embed(model, spec.with_ports(mean=(mean,) * 3, scale=(scale,) * 3)),
    )
    convert_graph(graph_path, tmp_path / "wrong.xml")
    [step] = climb([ir_stage(plain_ir), ir_stage(tmp_path / "wrong.xml")], clips)
    assert step.mistake == f"wrong.xml (f32) sees {title}"
    [step] = climb([ir_stage(tmp_path / "wrong.xml"), ir_stage(plain_ir)], clips)
    assert step.mistake == f"wrong.xml (f32) sees {title}"  # the earlier stage may be the mistaken one


def test_a_damaged_layer_is_found_and_no_mistake_is_made_up(
    plain: Stage, plain_ir: Path, tmp_path: Path, clips: dict[str, Feeds]
) -> None:
    model = ov.Core().read_model(plain_ir)
    name = "RGB/inception_i3d/Mixed_4d/Branch_2/Conv3d_0b_3x3/conv_3d/convolution"
    [damaged] = [node for node in model.get_ops() if node.get_friendly_name() == name]
    weights = damaged.input_value(1).get_node().get_data()
    damaged.input(1).replace_source_output(ops.constant(-weights).output(0))
    ov.save_model(model, tmp_path / "damaged.xml", compress_to_fp16=False)
    [step] = climb([plain, ir_stage(tmp_path / "damaged.xml")], clips)
    assert not step.agrees
    assert step.mistake is None
    assert step.first_divergence is not None
    assert step.first_divergence.layer == "RGB/inception_i3d/Mixed_4d/Branch_2/Conv3d_0b_3x3/Relu"
    assert step.first_divergence.difference > 0.5


def by_sums(name: str) -> Stage:
    """A stage whose logits are sums over parts of its clip, so that each mistake changes them; it has no layers."""

    weights = np.random.default_rng(0).normal(size=(400, 9 * 7 * 7 * 3)).astype(np.float32)

    def logits(feeds: Feeds) -> np.ndarray:
        return np.asarray(weights @ feeds["Placeholder"][0, :, ::32, ::32].reshape(-1))

    return Stage(name, "f32", "FP32", SPEC, logits, lambda _feeds: {})


def test_a_mistake_in_the_second_clips_is_named(clips: dict[str, Feeds], subtests: pytest.Subtests) -> None:
    for title, mistake in mistakes(SPEC.inputs["Placeholder"]).items():
        with subtests.test(title=title):
            wrong = {name: {"Placeholder": mistake(feeds["Placeholder"])} for name, feeds in clips.items()}
            [step] = climb([by_sums("one"), by_sums("other")], clips, others=wrong)
            assert step.mistake == f"the second clips have {title}"


def test_stages_of_other_clips_are_not_compared(clips: dict[str, Feeds]) -> None:
    stage = by_sums("s")
    other = dataclasses.replace(stage, spec=dataclasses.replace(SPEC, num_frames=80))
    with pytest.raises(SpecError, match="only stages of the same clips and classes can be compared; these are I3D rgb"):
        climb([stage, other], clips)


def test_a_stage_takes_one_clip(plain_ir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from i3d_edge.runtime import read_ir

    model, spec = read_ir(plain_ir)
    monkeypatch.setattr(
        "i3d_edge.convert.stage.read_ir", lambda *_args, **_options: (model, dataclasses.replace(spec, batch=4))
    )
    with pytest.raises(SpecError) as caught:
        ir_stage(plain_ir)
    assert str(caught.value).startswith(f"a stage takes one clip at a time; '{plain_ir}' is I3D rgb, 400 classes")


def test_an_absent_device(plain_ir: Path) -> None:
    with pytest.raises(DeviceError, match="no device 'NPU' on this machine; available: CPU"):
        ir_stage(plain_ir, device="NPU")


def test_arrays_of_any_usual_layout(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 224, 224, 3), dtype=np.uint8)
    np.save(tmp_path / "dhwc.npy", pixels)
    np.save(tmp_path / "ndchw.npy", pixels.transpose(0, 3, 1, 2)[np.newaxis])
    np.save(tmp_path / "cdhw.npy", pixels.transpose(3, 0, 1, 2))
    np.save(tmp_path / "floats.npy", (pixels.astype(np.float64) - 127.5) / 127.5)
    clips = read_clip_files([tmp_path], SPEC)
    assert sorted(clips) == ["cdhw", "dhwc", "floats", "ndchw"]
    expected = (pixels[np.newaxis].astype(np.float32) - 127.5) / 127.5
    for feeds in clips.values():
        assert feeds["Placeholder"].dtype == np.float32
        assert np.abs(feeds["Placeholder"] - expected).max() < 1e-6


def test_videos_give_clips_by_name(tmp_path: Path) -> None:
    write_numbered(tmp_path / "video.mp4", 60)
    assert sorted(read_clip_files([tmp_path], SPEC)) == ["video"]
    clips = read_clip_files([tmp_path / "video.mp4"], SPEC, num_clips=3)
    assert sorted(clips) == ["video#0", "video#1", "video#2"]


@pytest.mark.parametrize(
    ("array", "got"),
    [(np.zeros((8, 224, 224, 3), np.uint8), "(8, 224, 224, 3) uint8"), (np.zeros((9, 224, 224, 3), bool), "bool")],
    ids=["shape", "type"],
)
def test_an_array_that_is_no_clip(array: np.ndarray, got: str, tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", array)
    with pytest.raises(ClipShapeError) as caught:
        read_clip_files([tmp_path / "clip.npy"], SPEC)
    assert str(caught.value).startswith(f"clip '{tmp_path / 'clip.npy'}' is ")
    assert str(caught.value).endswith(f"{got}, not 9 frames of 224 x 224 in 3 channels, uint8 or float")


def test_a_file_that_is_no_array(tmp_path: Path) -> None:
    (tmp_path / "clip.npy").write_text("no array")
    with pytest.raises(ClipShapeError, match="is no NumPy array: "):
        read_clip_files([tmp_path / "clip.npy"], SPEC)


def test_no_clip_at_all(tmp_path: Path) -> None:
    with pytest.raises(ClipShapeError) as caught:
        read_clip_files([tmp_path], SPEC)
    assert str(caught.value) == f"no clip in {tmp_path}"


def test_second_clips_need_the_first_ones_names() -> None:
    with pytest.raises(ClipShapeError) as caught:
        match_clips({"a": {}, "b": {}}, {"a": {}, "c": {}})
    assert str(caught.value) == "no second clip named 'b', as one of the first clips is\n\nhint: there are: a, c"
    assert list(match_clips({"a": {}}, {"c": {}, "a": {}})) == ["a"]


def test_a_model_without_softmax_is_no_stage() -> None:
    from i3d_edge.convert.logits import output_logits

    clip = ops.parameter((1, 4), ov.Type.f32)
    output = ops.relu(clip)
    output.output(0).set_names({"Softmax"})
    with pytest.raises(SpecError, match="the network ends in Relu: neither in a softmax nor in logits"):
        output_logits(ov.Model([output], [clip], "m"), SPEC)


def test_labels_may_differ_in_name_only(clips: dict[str, Feeds]) -> None:
    stage = by_sums("s")
    labels = LabelSet("mine", tuple(str(number) for number in range(400)))
    other = dataclasses.replace(stage, spec=dataclasses.replace(SPEC, labels=labels))
    assert climb([stage, other], clips)[0].agrees


def counted_stage(name: str, logits: float, asked: list[str]) -> Stage:
    def layers(_feeds: Feeds) -> dict[str, np.ndarray]:
        asked.append(name)
        return {"unit": np.full(3, logits, np.float32)}

    answer = np.full(400, logits, np.float32)
    return Stage(name, "f32", "FP32", FLOW_SPEC, lambda _feeds: answer, layers)


def test_layers_are_computed_where_they_are_needed(subtests: pytest.Subtests) -> None:
    for logits, all_layers, asked in [
        ((1.0, 1.0), False, []),
        ((1.0, 1.0), True, ["stage 0", "stage 1"]),
        ((1.0, 2.0), False, ["stage 0", "stage 1"]),
        ((1.0, 1.0, 2.0), False, ["stage 1", "stage 2", "stage 0"]),
    ]:
        with subtests.test(logits=logits, all_layers=all_layers):
            really: list[str] = []
            stages = [counted_stage(f"stage {number}", value, really) for number, value in enumerate(logits)]
            climb(stages, {"clip": {"Placeholder": np.zeros(1, np.float32)}}, all_layers=all_layers)
            assert really == asked
