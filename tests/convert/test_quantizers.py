"""Quantizers that round the same values: one range for all of them, and nothing else changed."""

from __future__ import annotations

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.quantizers import share_ranges

HIGHEST = {"left": 1.0, "right": 0.7}


def quantizer(value: ov.Output, name: str, high: float | np.ndarray) -> ov.Output:
    node = ops.fake_quantize(value, np.float32(0), np.float32(high), np.float32(0), np.float32(high), 256)
    node.set_friendly_name(name)
    return node.output(0)


def pooled(frames: ov.Output) -> ov.Output:
    """A max pool over three neighbouring frames as lowering writes it and NNCF then quantizes it, (5, C, 4, 4)."""
    padded = ops.pad(frames, [1, 0, 0, 0], [1, 0, 0, 0], "constant", np.float32(0))
    taps = [
        ops.strided_slice(padded, [tap], [tap + 5], [1], begin_mask=[0], end_mask=[0]).output(0) for tap in range(3)
    ]
    first = quantizer(ops.maximum(*taps[:2]).output(0), "first", HIGHEST["left"])
    return quantizer(ops.maximum(first, taps[2]).output(0), "last", HIGHEST["left"])


def branches() -> tuple[list[ov.Node], list[ov.Output]]:
    parameters = [ops.parameter((5, 2, 8, 8), ov.Type.f32, name=f"input of {name}") for name in HIGHEST]
    return parameters, [
        quantizer(parameter.output(0), name, HIGHEST[name]) for name, parameter in zip(HIGHEST, parameters, strict=True)
    ]


def pool_of_a_concatenation() -> ov.Model:
    parameters, values = branches()
    frames = ops.max_pool(ops.concat(values, 1), [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor", "explicit")
    return ov.Model([pooled(frames.output(0))], parameters, "pool")


def ranges(model: ov.Model) -> dict[str, float]:
    return {
        node.get_friendly_name(): round(float(node.input_value(2).get_node().get_data().max()), 6)
        for node in model.get_ops()
        if node.get_type_name() == "FakeQuantize"
    }


def run(model: ov.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model gives, and what it would without quantizers."""
    rng = np.random.default_rng(0)
    clips = [rng.uniform(0, high, (5, 2, 8, 8)).astype(np.float32) for high in HIGHEST.values()]
    got = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(clips)[0]
    frames = np.concatenate(clips, axis=1).reshape(5, 4, 4, 2, 4, 2).max(axis=(3, 5))
    padded = np.pad(frames, ((1, 1), (0, 0), (0, 0), (0, 0)))
    return got, np.max([padded[tap : tap + 5] for tap in range(3)], axis=0)


def test_a_value_that_is_quantized_twice_is_rounded_once() -> None:
    model = pool_of_a_concatenation()
    half_a_step = HIGHEST["left"] / 255 / 2 + 1e-6
    got, expected = run(model)
    assert np.abs(got - expected).max() > half_a_step
    assert share_ranges(model) == 1
    assert ranges(model) == dict.fromkeys(["left", "right", "first", "last"], 1.0)
    got, expected = run(model)
    assert 0 < np.abs(got - expected).max() <= half_a_step


def test_it_is_done_once() -> None:
    model = pool_of_a_concatenation()
    share_ranges(model)
    assert share_ranges(model) == 0


def test_what_is_computed_between_two_quantizers_parts_them() -> None:
    parameters, values = branches()
    mean = ops.avg_pool(ops.concat(values, 1), [8, 8], [0, 0], [0, 0], [8, 8], True, "floor", "explicit").output(0)
    model = ov.Model([quantizer(mean, "mean", 2)], parameters, "average")
    before = ranges(model)
    assert share_ranges(model) == 0
    assert ranges(model) == before == {"left": 1.0, "right": 0.7, "mean": 2.0}


def test_a_concatenation_that_no_quantizer_reads_keeps_its_ranges() -> None:
    parameters, values = branches()
    assert share_ranges(ov.Model([ops.concat(values, 1)], parameters, "concatenation")) == 0


def test_a_quantizer_with_a_range_for_each_channel_is_left_alone() -> None:
    clip = ops.parameter((1, 2, 8, 8), ov.Type.f32)
    first = quantizer(clip.output(0), "first", np.array([1, 2], np.float32).reshape(1, 2, 1, 1))
    model = ov.Model([quantizer(ops.maximum(first, first).output(0), "last", 1)], [clip], "channels")
    assert share_ranges(model) == 0
    assert ranges(model) == {"first": 2.0, "last": 1.0}
