"""Each pass against the model it was given: the same results, or left alone with a reason."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from i3d_edge.convert import convert_graph
from i3d_edge.convert.passes.layout import fuse_layout
from i3d_edge.convert.passes.stem import fold_stem
from i3d_edge.core.errors import SpecError
from i3d_edge.freeze.frozen_graph import run_frozen_graph


def stem_model(
    num_frames: int, *, size: int = 18, kernel: int = 7, stride: int = 2, pad: str = "same_upper"
) -> ov.Model:
    """A convolution like the stem alone, on NCDHW float32, with random weights."""
    weights = np.random.default_rng(num_frames).normal(size=(8, 3, *(kernel,) * 3)).astype(np.float32)
    clip = ops.parameter((1, 3, num_frames, size, size), ov.Type.f32, name="clip")
    pads = [0, 0, 0] if pad == "same_upper" else [3, 3, 3]
    stem = ops.convolution(clip, ops.constant(weights), [stride] * 3, pads, pads, [1, 1, 1], auto_pad=pad)
    stem.set_friendly_name("RGB/inception_i3d/Conv3d_1a_7x7/conv_3d/convolution")
    return ov.Model([ops.relu(stem)], [clip], "stem")


def run(model: ov.Model, clip: np.ndarray) -> np.ndarray:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(clip)[0]


@pytest.mark.parametrize("fold", ["dhw", "hw", "h"])
def test_folding_changes_nothing(fold: str) -> None:
    """For lengths and sizes even and odd."""
    for case in [(9, 18), (9, 17), (16, 18), (16, 17), (79, 18), (80, 17)]:
        num_frames, size = case
        model, folded = (stem_model(num_frames, size=size) for _ in range(2))
        assert fold_stem(folded, fold) is None, case
        clip = np.random.default_rng(0).uniform(-1, 1, (1, 3, num_frames, size, size)).astype(np.float32)
        expected, got = run(model, clip), run(folded, clip)
        assert got.shape == expected.shape, case
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), case


def test_the_folded_stem_has_the_shape_and_name_that_it_should(subtests: pytest.Subtests) -> None:
    for fold, shape in [("dhw", [8, 24, 4, 4, 4]), ("hw", [8, 12, 7, 4, 4]), ("h", [8, 6, 7, 4, 7])]:
        with subtests.test(fold=fold):
            model = stem_model(79)
            fold_stem(model, fold)
            [stem] = [node for node in model.get_ops() if node.get_type_name() == "Convolution"]
            assert list(stem.input(1).get_shape()) == shape
            assert list(stem.output(0).shape) == [1, 8, 40, 9, 9]
            assert stem.get_friendly_name() == "RGB/inception_i3d/Conv3d_1a_7x7/conv_3d/convolution"


def test_other_convolutions_are_left_alone(subtests: pytest.Subtests) -> None:
    for kernel, stride, pad in [(3, 2, "same_upper"), (7, 1, "same_upper"), (7, 2, "explicit")]:
        with subtests.test(kernel=kernel, stride=stride, pad=pad):
            model = stem_model(16, kernel=kernel, stride=stride, pad=pad)
            before = [(node.get_type_name(), node.get_friendly_name()) for node in model.get_ordered_ops()]
            outcome = fold_stem(model)
            assert outcome == "no 7x7x7 convolution of stride 2 with SAME padding"
            assert [(node.get_type_name(), node.get_friendly_name()) for node in model.get_ordered_ops()] == before


def test_a_folded_model_is_not_folded_again() -> None:
    model = stem_model(16)
    fold_stem(model)
    assert fold_stem(model) is not None


@pytest.mark.parametrize(
    ("target", "fold", "passes"),
    [
        ("cpu", "hw", ("embed-preprocessing", "fuse-layout", "fold-stem-hw")),
        ("gpu", "dhw", ("embed-preprocessing", "fuse-layout")),
        ("portable", "dhw", ("embed-preprocessing", "fuse-layout")),
    ],
)
def test_targets(graph_path: Path, tmp_path: Path, target: str, fold: str | None, passes: tuple[str, ...]) -> None:
    report = convert_graph(graph_path, tmp_path / "m.xml", target=target, fold=fold)
    assert report.spec.passes == passes
    ratio = report.num_executed / report.cost.num_operations
    assert ratio > 1.05 if passes[-1].startswith("fold-stem") else ratio < 1


def feed_model(num_frames: int, *, size: int = 10) -> ov.Model:
    """Pixels, NDCHW, uint8, normalised and transposed twice as a converted graph does it, then a stem."""
    weights = np.random.default_rng(num_frames).normal(size=(8, 3, 7, 7, 7)).astype(np.float32)
    pixels = ops.parameter((2, num_frames, 3, size, size), ov.Type.u8, name="pixels")
    value = ops.convert(pixels, "f32")
    value = ops.divide(ops.subtract(value, np.float32(127.5)), np.float32(127.5))
    value = ops.transpose(ops.transpose(value, [0, 1, 3, 4, 2]), [0, 4, 1, 2, 3])
    stem = ops.convolution(value, ops.constant(weights), [2] * 3, [0] * 3, [0] * 3, [1] * 3, auto_pad="same_upper")
    return ov.Model([ops.relu(stem)], [pixels], "feed")


def kinds(model: ov.Model) -> list[str]:
    return [node.get_type_name() for node in model.get_ordered_ops() if node.get_type_name() != "Constant"]


@pytest.mark.parametrize("fold", [None, "dhw", "hw", "h"])
def test_pixels_are_rearranged_as_bytes_and_padded_with_what_normalises_to_zero(fold: str | None) -> None:
    """For lengths and sizes even and odd."""
    for case in product([16, 17], [10, 9]):
        num_frames, size = case
        model, changed = (feed_model(num_frames, size=size) for _ in range(2))
        outcome = fold_stem(changed, fold) if fold else fuse_layout(changed)
        assert outcome is None, case
        assert kinds(changed).count("Transpose") == 1, case
        assert kinds(changed).index("Transpose") < kinds(changed).index("Convert"), case
        pixels = np.random.default_rng(0).integers(0, 256, model.input().shape, dtype=np.uint8)
        expected, got = run(model, pixels), run(changed, pixels)
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), case


def test_layout_is_left_alone_where_there_is_nothing_to_fuse() -> None:
    model = stem_model(16)
    outcome = fuse_layout(model)
    assert outcome == "no two transposes before a first convolution"
    assert kinds(model) == kinds(stem_model(16))


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (1, 9, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def expected(graph_path: Path, pixels: np.ndarray) -> np.ndarray:
    """The frozen graph's logits."""
    [logits] = run_frozen_graph(graph_path, [{"Placeholder": (pixels.astype(np.float32) - 127.5) / 127.5}])
    return np.asarray(logits)


@pytest.mark.parametrize(
    ("layout", "input_type", "fold"),
    [
        ("NDCHW", "u8", None),
        ("NDCHW", "f32", "dhw"),
        ("NDHWC", "u8", "dhw"),
        ("NCDHW", "f32", None),
        pytest.param("NDHWC", "f32", None, marks=pytest.mark.slow),
        pytest.param("NCDHW", "u8", "dhw", marks=pytest.mark.slow),
    ],
)
def test_every_way_in_gives_the_same_logits(
    graph_path: Path,
    tmp_path: Path,
    pixels: np.ndarray,
    expected: np.ndarray,
    layout: str,
    input_type: str,
    fold: str | None,
) -> None:
    report = convert_graph(
        graph_path, tmp_path / "m.xml", layout=layout, input_type=input_type, fold=fold, logits_output=True
    )
    assert report.spec.layout == layout
    fused = () if layout == "NDHWC" else ("fuse-layout",)
    assert report.spec.passes == ("embed-preprocessing", *fused, *([f"fold-stem-{fold}"] if fold else []))
    model = ov.Core().read_model(tmp_path / "m.xml")
    if layout == "NCDHW" and fold is None:  # transposes that cancel are gone
        assert "Transpose" not in kinds(model)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert compiled.input("Placeholder").element_type.to_string() == input_type
    order = ["NDHWC".index(axis) for axis in layout]
    clip = np.ascontiguousarray(pixels.transpose(order), dtype=np.uint8 if input_type == "u8" else np.float32)
    got = compiled(clip)[compiled.output("logits")]
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_classifier_takes_any_of_them(graph_path: Path, ir_path: Path, tmp_path: Path) -> None:
    from i3d_edge import VideoClassifier

    convert_graph(graph_path, tmp_path / "m.xml", layout="NCDHW", input_type="f32")
    frames = np.random.default_rng(2).integers(0, 256, (9, 240, 320, 3), dtype=np.uint8)
    answers = []
    for path in (ir_path, tmp_path / "m.xml"):
        with VideoClassifier(path, inference_precision="f32") as classifier:
            answers.append({item.index: item.prob for item in classifier.classify(frames, k=400).predictions})
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)


@pytest.mark.parametrize(
    ("num_frames", "batch"),
    [(17, 1), *(pytest.param(*lengths, marks=pytest.mark.slow) for lengths in ((10, 2), (32, 1)))],
)
def test_another_clip_length_and_batch(graph_path: Path, tmp_path: Path, num_frames: int, batch: int) -> None:
    report = convert_graph(
        graph_path, tmp_path / "m.xml", num_frames=num_frames, batch=batch, reference=run_frozen_graph
    )
    assert report.parity is not None
    assert report.parity.passed
    assert (report.spec.num_frames, report.spec.batch) == (num_frames, batch)
    assert list(ov.Core().read_model(tmp_path / "m.xml").input().shape) == [batch, num_frames, 3, 224, 224]


def test_a_clip_too_short_for_the_network(graph_path: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="num_frames must be from 9 to 100,000; got 8"):
        convert_graph(graph_path, tmp_path / "m.xml", num_frames=8)
