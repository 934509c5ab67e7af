"""Biases of quantized convolutions: after correction their results have the float model's means."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from i3d_edge.convert.bias_correction import correct_biases
from i3d_edge.convert.quantizers import bias_of

FEEDS = [{"clip": np.random.default_rng(seed).uniform(0, 2, (1, 3, 6, 6, 6)).astype(np.float32)} for seed in range(3)]


def network(*, is_quantized: bool, with_bias: bool = True) -> ov.Model:
    """Two padded 3x3x3 convolutions, the second of frames that are brighter inside than at their edges."""
    rng = np.random.default_rng(0)
    clip = ops.parameter((1, 3, 6, 6, 6), ov.Type.f32, name="clip")
    clip.output(0).set_names({"clip"})
    value, results = clip.output(0), []
    for name in ("first", "second"):
        weights = rng.uniform(0, 0.4, (3, 3, 3, 3, 3)).astype(np.float32)
        kernel = ops.constant(weights)
        if is_quantized:
            value = ops.fake_quantize(value, np.float32(0), np.float32(40), np.float32(0), np.float32(40), 256).output(
                0
            )
            kernel = ops.multiply(ops.constant(np.round(weights * 8)), np.float32(1 / 8))
        value = ops.convolution(value, kernel, [1] * 3, [1] * 3, [1] * 3, [1] * 3, name=name).output(0)
        if with_bias:
            value = ops.add(value, ops.constant(rng.normal(size=(1, 3, 1, 1, 1)).astype(np.float32))).output(0)
        value = ops.relu(value).output(0)
        results.append(value)
    return ov.Model(results, [clip], "network")


def means(model: ov.Model) -> np.ndarray:
    """Return the mean of each channel of each convolution's result over the clips, shape (2, 3)."""
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = [compiled(feed) for feed in FEEDS]
    return np.array([[result[port].mean(axis=(0, 2, 3, 4)) for port in range(2)] for result in results]).mean(axis=0)


def biases(model: ov.Model) -> list[np.ndarray]:
    adds = [node for node in model.get_ordered_ops() if node.get_type_name() == "Add"]
    return [np.array(node.input_value(1).get_node().get_data()) for node in adds]


def test_the_mean_of_each_channel_is_the_float_models_again() -> None:
    plain, quantized = network(is_quantized=False), network(is_quantized=True)
    before = np.abs(means(quantized) - means(plain))
    correct_biases(quantized, plain, FEEDS)
    after = np.abs(means(quantized) - means(plain))
    assert before.min() > 0.01
    assert after[0].max() < 1e-4  # nothing is rounded ahead of the first convolution
    assert after[1].max() < 0.1 * before[1].min()


def test_what_is_not_quantized_keeps_its_bias() -> None:
    plain, other = network(is_quantized=False), network(is_quantized=False)
    correct_biases(other, plain, FEEDS)
    assert all(np.array_equal(a, b) for a, b in zip(biases(other), biases(plain), strict=True))


def test_the_float_model_is_left_alone() -> None:
    plain, quantized = network(is_quantized=False), network(is_quantized=True)
    kept = [node.get_type_name() for node in plain.get_ordered_ops()]
    correct_biases(quantized, plain, FEEDS)
    assert [node.get_type_name() for node in plain.get_ordered_ops()] == kept


@pytest.mark.parametrize("is_quantized", [True, False])
def test_a_convolution_without_a_bias(is_quantized: bool) -> None:
    plain = network(is_quantized=False, with_bias=False)
    candidate = network(is_quantized=is_quantized, with_bias=False)
    before = means(candidate)
    correct_biases(candidate, plain, FEEDS)
    assert np.array_equal(means(candidate), before)


@pytest.mark.parametrize("is_bias", [True, False])
def test_a_residual_sum_is_no_bias(is_bias: bool) -> None:
    clip = ops.parameter((1, 3, 6, 6, 6), ov.Type.f32)
    convolution = ops.convolution(clip, np.ones((3, 3, 1, 1, 1), np.float32), [1] * 3, [0] * 3, [0] * 3, [1] * 3)
    bias = ops.convert(ops.constant(np.ones((1, 3, 1, 1, 1), np.float16)), "f32")
    total = ops.add(bias if is_bias else clip, convolution)  # kept, for it reads the convolution only as long as it is
    found = bias_of(convolution)
    assert (found is not None and found.get_node().get_name() == total.get_name()) == is_bias
