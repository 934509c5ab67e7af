"""Lowering to two dimensions: each operator against its 3-D form, then the whole network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from census import count_operators
from checkpoints import random_values, save
from openvino import opset13 as ops
from synthetic import write_video

from i3d_edge.convert import convert_graph
from i3d_edge.convert.cost import count_convolutions
from i3d_edge.convert.ladder import climb
from i3d_edge.convert.parity import generated_clips
from i3d_edge.convert.passes.lowering import lower_to_2d
from i3d_edge.convert.passes.window import Window
from i3d_edge.convert.quantization import quantize_ir
from i3d_edge.convert.stage import ir_stage
from i3d_edge.core.errors import SpecError
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.freeze import freeze_checkpoint, inception_i3d, open_checkpoint
from i3d_edge.freeze.frozen_graph import run_frozen_graph
from i3d_edge.runtime import read_ir


def conv(value: ov.Node, kernel: int, stride: int, *, pad: str = "same_upper", dilation: int = 1) -> ov.Node:
    weights = np.random.default_rng(kernel).normal(size=(5, 4, *(kernel,) * 3)).astype(np.float32)
    pads = [0] * 3 if pad == "same_upper" else [1, 0, 2]
    return ops.convolution(value, ops.constant(weights), [stride] * 3, pads, pads, [dilation] * 3, auto_pad=pad)


def max_pool(value: ov.Node, kernel: list[int], stride: list[int], *, rounding: str = "floor") -> ov.Node:
    return ops.max_pool(value, stride, [1] * 3, [0] * 3, [0] * 3, kernel, rounding, "same_upper")


def avg_pool(value: ov.Node, kernel: list[int], *, pad: str = "valid", excludes: bool = True) -> ov.Node:
    return ops.avg_pool(value, [1] * 3, [0] * 3, [0] * 3, kernel, excludes, "floor", pad)


def drop_batch(node: ov.Node) -> ov.Node:
    return ops.squeeze(node.output(0), [0])


def model_of(op, num_frames: int, *, size: int = 10, batch: int = 1, bias: bool = False, last=drop_batch) -> ov.Model:
    """A model of one operator, first or after another, on a clip (N, 4, D, size, size), that gives (C, D, H, W)."""
    clip = ops.parameter((batch, 4, num_frames, size, size), ov.Type.f32, name="clip")
    value = ops.add(clip, np.linspace(-1, 0, 4, dtype=np.float32).reshape(1, 4, 1, 1, 1)) if bias else clip
    node = op(value)
    node.set_friendly_name("RGB/inception_i3d/unit")
    return ov.Model([last(node)], [clip], "one")


def run(model: ov.Model, clip: np.ndarray) -> np.ndarray:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(clip)[0]


PER_CHANNEL = np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4, 1, 1, 1)
OPERATORS = {
    "conv 1x1x1": lambda clip: conv(clip, 1, 1),
    "conv 1x1x1 stride 2": lambda clip: conv(clip, 1, 2),
    "conv 3x3x3": lambda clip: conv(clip, 3, 1),
    "conv 3x3x3 stride 2": lambda clip: conv(clip, 3, 2),
    "conv 7x7x7": lambda clip: conv(clip, 7, 1),
    "conv 7x7x7 stride 2": lambda clip: conv(clip, 7, 2),
    "conv 3x3x3 padded unevenly": lambda clip: conv(clip, 3, 1, pad="explicit"),
    "max pool 1x3x3 stride 1,2,2": lambda clip: max_pool(clip, [1, 3, 3], [1, 2, 2]),
    "max pool 3x3x3": lambda clip: max_pool(clip, [3, 3, 3], [1, 1, 1]),
    "max pool 3x3x3 stride 2": lambda clip: max_pool(clip, [3, 3, 3], [2, 2, 2]),
    "max pool 2x2x2 stride 2": lambda clip: max_pool(clip, [2, 2, 2], [2, 2, 2]),
    "max pool 3x1x1": lambda clip: max_pool(clip, [3, 1, 1], [1, 1, 1]),
    "avg pool 3x3x3": lambda clip: avg_pool(clip, [3, 3, 3]),
    "avg pool 3x3x3 that counts padding": lambda clip: avg_pool(clip, [3, 3, 3], pad="same_upper", excludes=False),
    "sum of two results": lambda clip: ops.add(ops.relu(clip), max_pool(clip, [3, 1, 1], [1, 1, 1]).output(0)),
    "factor and offset of each channel": lambda clip: ops.multiply(ops.subtract(clip, PER_CHANNEL), PER_CHANNEL),
    "volume of a matrix": lambda clip: ops.reshape(ops.reshape(ops.relu(clip), [4, -1], False), clip.shape, False),
    "avg pool of whole frames, 2 at a time": lambda clip: avg_pool(clip, [2, clip.output(0).shape[3], 7]),
}


@pytest.mark.parametrize("op", OPERATORS.values(), ids=OPERATORS)
def test_each_operator_computes_what_its_3d_form_does(op) -> None:
    """On an even and an odd length and size, first in the model and inside of it."""
    for case in [(9, 10, False), (16, 11, False), (16, 10, True)]:
        num_frames, size, bias = case
        model, lowered = (model_of(op, num_frames, size=size, bias=bias) for _ in range(2))
        assert lower_to_2d(lowered) is None, case
        # All below zero, so that a pool which took padding for a number would show.
        clip = np.random.default_rng(0).uniform(-2, -1, (1, 4, num_frames, size, size)).astype(np.float32)
        expected, got = run(model, clip), run(lowered, clip)
        assert got.shape == expected.shape, case
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), case


def names(model: ov.Model) -> list[tuple[str, str]]:
    return [(node.get_type_name(), node.get_friendly_name()) for node in model.get_ordered_ops()]


def test_the_equivalent_has_the_name() -> None:
    for op in OPERATORS.values():
        model = model_of(op, 9, bias=True)
        lower_to_2d(model)
        [node] = [node for node in model.get_ops() if node.get_friendly_name() == "RGB/inception_i3d/unit"]
        assert len(node.output(0).shape) == 4


def named_end(node: ov.Node) -> ov.Node:
    node.set_friendly_name("end")
    return node


UNIT = "'RGB/inception_i3d/unit'"


def test_it_declines_and_leaves_the_model_alone(subtests: pytest.Subtests) -> None:
    for case, (model, reason) in {
        "batch": (
            model_of(lambda clip: conv(clip, 3, 1), 9, batch=2, last=lambda value: ops.reshape(value, [2, -1], False)),
            "it takes 2 clips at once, and frames take the place of the batch",
        ),
        "dilated": (
            model_of(lambda clip: conv(clip, 3, 1, dilation=2), 9),
            f"Convolution {UNIT}, without constant weights, or dilated, has no form of four axes",
        ),
        "rounding up": (
            model_of(lambda clip: max_pool(clip, [2] * 3, [2] * 3, rounding="ceil"), 9),
            f"MaxPool {UNIT}, dilated, or rounding up, has no form of four axes",
        ),
        "padded average": (
            model_of(lambda clip: avg_pool(clip, [2, 7, 7], pad="same_upper"), 9),
            f"AvgPool {UNIT}, rounding up, or of fewer where it is padded, has no form of four axes",
        ),
        "other axis": (
            model_of(lambda clip: ops.concat([ops.relu(clip), ops.relu(clip)], 2), 9),
            f"Concat {UNIT}, along another axis than the channels', has no form of four axes",
        ),
        "unknown": (model_of(ops.sigmoid, 9), f"Sigmoid {UNIT} has no form of four axes"),
        "output": (
            model_of(lambda clip: ops.relu(ops.sigmoid(clip)), 9, last=lambda value: value),
            "an output has five axes",
        ),
        "end": (
            model_of(ops.relu, 9, last=lambda value: named_end(ops.reduce_mean(value, [2], False))),
            "ReduceMean 'end' has no form of four axes",
        ),
        "flat already": (
            ov.Model([ops.relu(p := ops.parameter((1, 4), ov.Type.f32))], [p], "m"),
            "nothing of five axes that ends in fewer",
        ),
    }.items():
        with subtests.test(case):
            before = names(model)
            outcome = lower_to_2d(model)
            assert outcome == reason
            assert names(model) == before


def test_a_window_sees_frames_and_padding() -> None:
    window = Window(length=5, taps=3, stride=2, before=1, after=1)
    assert window.num_places == 3
    assert window.inside().tolist() == [[False, True, True], [True, True, True], [True, True, False]]


def logits(path: Path, clip: np.ndarray) -> np.ndarray:
    """Answer a clip (1, D, H, W, 3), uint8, in f32."""
    model, spec = read_ir(path)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    values = np.ascontiguousarray(spec.lay_out(clip), dtype=NUMPY_TYPES[spec.inputs["Placeholder"].element_type])
    return compiled(values)[compiled.output("logits")][0]


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (1, 9, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def expected(graph_path: Path, tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> np.ndarray:
    """The unlowered network's logits."""
    path = tmp_path_factory.mktemp("volumes") / "m.xml"
    convert_graph(graph_path, path, fold=None, logits_output=True)
    return logits(path, clip)


@pytest.fixture(scope="module")
def lowered_ir(graph_path: Path, once: Callable[..., Path]) -> Path:
    def write(path: Path) -> None:
        report = convert_graph(graph_path, path, target="vpu", logits_output=True, reference=run_frozen_graph)
        assert report.parity is not None
        assert report.parity.passed
        assert report.spec.passes == ("embed-preprocessing", "fuse-layout", "lower-to-2d")
        assert report.num_executed == count_convolutions(read_ir(path)[0])

    return once("lowered.xml", write)


def test_the_whole_network_computes_what_it_did(lowered_ir: Path, clip: np.ndarray, expected: np.ndarray) -> None:
    got = logits(lowered_ir, clip)
    assert got.shape == (400,)
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()
    assert np.abs(got - logits(lowered_ir, clip[:, ::-1])).max() > 1e-2 * np.abs(expected).max()  # time matters


def test_nothing_has_more_than_four_axes_but_the_input_and_its_reshape(lowered_ir: Path, ir_path: Path) -> None:
    model, _ = read_ir(lowered_ir)
    census = count_operators(model)
    assert {name: len(found) for name, found in census.above_flat.items()} == {"Parameter": 1, "Reshape": 1}
    assert census.is_flat
    [reshape] = census.above_flat["Reshape"]
    [node] = [node for node in model.get_ops() if node.get_friendly_name() == reshape]
    assert node.input_value(0).get_node().get_type_name() == "Parameter"
    assert all(len(node.output(0).shape) <= 4 for node in model.get_ops() if node.get_type_name() == "Constant")
    assert not count_operators(read_ir(ir_path)[0]).is_flat


def test_units_keep_their_names(lowered_ir: Path, ir_path: Path) -> None:
    kept = ("Convolution", "Relu", "AvgPool3D", "MaxPool3d", "concat", "logits", "Softmax")

    def units(path: Path) -> dict[str, tuple[int, ...]]:
        found = {}
        for node in read_ir(path)[0].get_ops():
            name = node.get_friendly_name()
            if name.rpartition("/")[2].startswith(kept) and node.get_type_name() not in ("Constant", "Result"):
                shape = tuple(node.output(0).shape)
                found[name] = (*shape[2:3], shape[1], *shape[3:]) if len(shape) == 5 else shape
        return found

    before = units(ir_path)
    assert len(before) > 57 + 9 + 13
    assert units(lowered_ir).items() >= before.items()


def test_layers_can_be_compared_with_the_unlowered_ones(lowered_ir: Path, ir_path: Path) -> None:
    clips = {"gratings": generated_clips(read_ir(ir_path)[1])["gratings"]}
    [step] = climb([ir_stage(ir_path), ir_stage(lowered_ir)], clips, all_layers=True)
    assert len(step.layers) == 57 + 9
    assert max(layer.difference for layer in step.layers) < 1e-4
    assert step.relative_difference < 1e-4


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints of both streams, of 7 classes."""
    folder, found = tmp_path_factory.mktemp("streams"), {}
    for scope, channels in (("RGB", 3), ("Flow", 2)):
        values = random_values(inception_i3d.variable_shapes(channels, 7), seed=channels)
        found[scope.lower()] = save(folder / scope, {f"{scope}/inception_i3d/{name}": v for name, v in values.items()})
    return found


@pytest.mark.parametrize(("stream", "num_frames"), [("flow", 17), pytest.param("joint", 9, marks=pytest.mark.slow)])
def test_flow_and_joint_models(prefixes: dict[str, Path], tmp_path: Path, stream: str, num_frames: int) -> None:
    first, *others = [open_checkpoint(prefixes[name]) for name in (["rgb", "flow"] if stream == "joint" else ["flow"])]
    joint = others[0] if others else None
    freeze_checkpoint(first, tmp_path / "g.pb", joint=joint, num_frames=num_frames, embedding=True)
    report = convert_graph(tmp_path / "g.pb", tmp_path / "m.xml", target="vpu", reference=run_frozen_graph)
    assert report.outcomes["lower-to-2d"] is None
    assert report.parity is not None
    assert max(clip.relative_difference for clip in report.parity.clips) < 1e-4
    assert count_operators(read_ir(tmp_path / "m.xml")[0]).is_flat


def test_several_clips_at_once(graph_path: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        convert_graph(graph_path, tmp_path / "m.xml", target="vpu", batch=2)
    assert str(caught.value) == (
        "a network for a VPU takes one clip at a time, not 2: its operators take the frames as a batch\n\n"
        "hint: leave out --batch, or freeze the graph for one clip"
    )


@pytest.mark.slow
def test_every_convolution_runs_as_int8_once_quantized(lowered_ir: Path, tmp_path: Path) -> None:
    frame, row, column, channel = np.ogrid[:40, :64, :80, :3]
    videos = []
    for number in range(2):
        waves = np.sin((row * (number + 1) + column * (3 - channel) + 4 * frame) / 9.0 + channel)
        pixels = np.rint(127.5 + 120 * waves).astype(np.uint8)
        videos.append(write_video(tmp_path / f"{number}.mp4", list(pixels)))
    report = quantize_ir(lowered_ir, videos, tmp_path / "q.xml", num_clips=2)
    assert report.spec.passes == (*read_ir(lowered_ir)[1].passes, "quantize-int8")
    assert report.unfolded == "the network is lowered to two dimensions"
    assert len(report.layers) == 58
    assert set(report.layers.values()) == {"int8"}
    assert count_operators(read_ir(tmp_path / "q.xml")[0]).is_flat
