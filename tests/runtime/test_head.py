"""The head of a network, found by its operators, and what it gives out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from onnx_models import write_onnx
from openvino import opset13 as ops
from small import SPEC, small_model, write_small_ir
from tiny import write_tiny_ir
from weights import FRAMES, SIDE_PX, write_checkpoint

from i3d_edge import convert_weights
from i3d_edge.convert import convert_graph
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.errors import ArgumentError, IRError
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec
from i3d_edge.freeze.frozen_graph import FrozenGraph
from i3d_edge.runtime import Clip, Engine, VideoClassifier, ViewOptions, graph_inputs, read_ir
from i3d_edge.runtime.inference.head import Extra, expose, find_head

EXTRAS: tuple[Extra, ...] = ("embedding", "mean", "logits", "feature_map")
F32 = {"INFERENCE_PRECISION_HINT": "f32"}


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)


def quantized() -> tuple[ov.Model, ModelSpec]:
    """Return a network that ends as INT8 ones do: pool, FakeQuantize, and a convolution of scaled bytes."""
    rng, model = np.random.default_rng(1), small_model()
    [pool] = [node for node in model.get_ops() if node.get_type_name() == "ReduceMean"]
    value = pool.input_value(0)
    value = ops.avg_pool(value, [1] * 3, [0] * 3, [0] * 3, [2, *value.get_shape()[3:]], True)
    value = ops.fake_quantize(value, *map(np.float32, (0, 4, 0, 4)), 256)
    weights = ops.convert(ops.constant(rng.integers(-127, 128, (5, 4, 1, 1, 1)).astype(np.int8)), "f32")
    weights = ops.multiply(weights, ops.constant(rng.uniform(0.1, 0.2, (5, 1, 1, 1, 1)).astype(np.float32)))
    value = ops.convolution(value, weights, [1] * 3, [0] * 3, [0] * 3, [1] * 3)
    value = ops.add(value, ops.constant(rng.normal(0, 1, (1, 5, 1, 1, 1)).astype(np.float32)))
    logits = ops.reduce_mean(ops.squeeze(value, [3, 4]), [2], False)
    output = ops.softmax(logits, 1)
    output.output(0).set_names({SPEC.head.output})
    return ov.Model([output], model.get_parameters(), "quantized"), SPEC


def lowered(graph_path: Path, folder: Path) -> tuple[ov.Model, ModelSpec]:
    convert_graph(graph_path, folder / "m.xml", num_frames=17, target="vpu")
    return read_ir(folder / "m.xml")


def resnet(_: Path, folder: Path) -> tuple[ov.Model, ModelSpec]:
    weights = write_checkpoint(folder / "w.pth", "i3d-heavy")
    convert_weights(weights, folder / "m.xml", network="i3d-heavy", crop_px=SIDE_PX, num_frames=FRAMES)
    return read_ir(folder / "m.xml")


def foreign(_: Path, folder: Path) -> tuple[ov.Model, ModelSpec]:
    path = write_onnx(folder / "net.onnx")
    return read_ir(path, spec_path=path.with_suffix(".json"))


@pytest.mark.parametrize(
    ("make", "kernel"),
    [
        (lambda graph, folder: quantized(), (2, 4, 4)),
        (lambda graph, folder: read_ir(write_small_ir(folder / "m.xml")), (4, 4, 4)),
        (lambda graph, folder: read_ir(write_tiny_ir(folder / "m.xml", sees_time=True, batch=2)), (9, 24, 24)),
        (foreign, (8, 32, 32)),
        (resnet, (8, 1, 1)),
        (lowered, (2, 7, 7)),
    ],
    ids=["INT8", "small", "batch", "ONNX", "ResNet", "lowered"],
)
def test_what_a_network_gives_fits_together(
    make: Callable[[Path, Path], tuple[ov.Model, ModelSpec]],
    kernel: tuple[int, int, int],
    graph_path: Path,
    tmp_path: Path,
) -> None:
    model, spec = make(graph_path, tmp_path)
    head, num_own = find_head(model, spec), len(model.outputs)
    expose(model, spec, EXTRAS)
    compiled = ov.compile_model(model, "CPU", F32)
    results = compiled([noise(spec.clip_shape).astype(compiled.input().element_type.to_dtype())])
    embedding, mean, logits, feature_map = (results[port] for port in compiled.outputs[num_own:])
    answer = results[compiled.output(spec.head.output)]
    assert answer == pytest.approx(softmax(logits) if spec.head.kind == "probabilities" else logits, abs=1e-6)
    assert mean == pytest.approx(feature_map.mean((2, 3, 4)), rel=1e-4, abs=1e-6)

    assert head.kernel == kernel
    places = range(feature_map.shape[2] - kernel[0] + 1)
    pooled = np.mean([feature_map[:, :, place : place + kernel[0]].mean((2, 3, 4)) for place in places], axis=0)
    assert embedding == pytest.approx(pooled, rel=1e-4, abs=1e-6)
    is_quantized = "FakeQuantize" in {node.get_type_name() for node in model.get_ops()}
    rounding = np.abs(head.weights).sum(axis=1).max() * 2 / 255 if is_quantized else 0  # half a step of 4 / 255
    bound = 1e-5 * np.abs(logits).max() + rounding
    assert np.abs(embedding @ head.weights.T + head.bias - logits).max() <= bound


def test_the_embedding_is_the_pooled_endpoint_of_tensorflows_graph(graph_path: Path, ir_path: Path) -> None:
    engine = Engine(ir_path, extras=["embedding"], inference_precision="f32")
    clip = noise((9, 224, 224, 3))
    feeds = graph_inputs(Clip(clip, 0.0, 0.36), engine.spec)
    with FrozenGraph(graph_path) as graph:
        endpoint = np.asarray(graph.run("RGB/inception_i3d/Mixed_5c/concat:0", feeds))
    assert endpoint.shape == (1, 2, 7, 7, 1024)  # one place of the pool
    expected = endpoint.mean((0, 1, 2, 3))
    got = engine.probabilities(engine.spec.lay_out(clip[np.newaxis])).extras["embedding"]
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("fields", "operator"),
    [
        ({"stream": "joint", "fusion": "logits"}, "Add"),
        ({}, "ReduceMean"),  # of frames, not of a feature map
    ],
)
def test_a_network_without_such_a_head(fields: dict[str, object], operator: str, tmp_path: Path) -> None:
    with pytest.raises(IRError) as caught:
        Engine(write_tiny_ir(tmp_path / "m.xml", **fields), extras=["embedding"])
    assert str(caught.value).startswith(
        f"the model's answer is not that of a linear layer on an average of one feature map: {operator} '"
    )
    assert str(caught.value).endswith("hint: give an IR of one network, as `i3d convert` makes it")


def test_an_output_of_the_models_own_is_taken_as_it_is(tmp_path: Path) -> None:
    model, spec = resnet(tmp_path, tmp_path)
    expose(model, spec, ["embedding"])
    own, extra = (port.get_node().input_value(0) for port in model.outputs[-2:])
    assert own.get_names() == {"embedding"}
    assert own == extra


@pytest.mark.parametrize("extras", [["pooled"], "embedding"])
def test_an_extra_that_there_is_not(extras: list[Extra], tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"^extras: "):
        Engine(write_small_ir(tmp_path / "m.xml"), extras=extras)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("head") / "small.xml")


def test_each_answer_has_its_own_extras(small: Path) -> None:
    engine = Engine(small, extras=EXTRAS, inference_precision="f32")
    clips = [noise(SPEC.clip_shape), 255 - noise(SPEC.clip_shape)]
    alone = [engine.probabilities(clip) for clip in clips]
    shapes = {name: values.shape for name, values in alone[0].extras.items()}
    assert shapes == {"embedding": (4,), "mean": (4,), "logits": (5,), "feature_map": (4, 4, 4, 4)}
    for (_, together), answer in zip(engine.answers(enumerate(clips)), alone, strict=True):
        assert together is not None
        assert np.array_equal(together, answer)
        assert {name: values.tolist() for name, values in together.extras.items()} == {
            name: values.tolist() for name, values in answer.extras.items()
        }
    assert not np.array_equal(alone[0].extras["embedding"], alone[1].extras["embedding"])
    assert Engine(small).probabilities(clips[0]).extras == {}


def test_the_cache_tells_extras_apart(small: Path, tmp_path: Path) -> None:
    clip, names = noise(SPEC.clip_shape), ("embedding", "mean", "logits")
    expected = Engine(small, extras=names).probabilities(clip).extras
    for name in names:
        for is_cached in (False, True):
            engine = Engine(small, extras=[name], cache=tmp_path)
            assert engine.is_cached is is_cached
            assert engine.probabilities(clip).extras[name] == pytest.approx(expected[name], rel=1e-5)


def test_steps_have_the_extras_of_whole_clips(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.random.default_rng(2).integers(0, 256, (81, 32, 32, 3), np.uint8)
    views = ViewOptions(hop=2)
    classifier = VideoClassifier(small, extras=EXTRAS, inference_precision="f32")
    in_steps = classifier.classify(frames, views).views
    assert classifier._step_engines is not None
    assert classifier._step_engines._engine is not None
    monkeypatch.setattr("i3d_edge.runtime.overlap.steps_pay", lambda *_: False)
    for step, view in zip(in_steps, classifier.classify(frames, views).views, strict=True):
        for name in EXTRAS:
            assert step.extras[name] == pytest.approx(view.extras[name], rel=1e-4, abs=1e-5), name

    make_step_ir(small, tmp_path / "exact.xml", hop=2)
    session = Engine(tmp_path / "exact.xml", hop=2, extras=["embedding"]).session()
    assert session.feed(frames[np.newaxis, :2].transpose(0, 1, 4, 2, 3)) is None
