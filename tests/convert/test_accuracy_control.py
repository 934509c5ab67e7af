"""Accuracy control on a two-layer network, where it is known which layer quantization ruins."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from synthetic import write_numbered

from i3d_edge.convert.accuracy_control import (
    Promise,
    control_accuracy,
    disagreement,
    keep_precision,
    rank_layers,
    split_videos,
    spread_views,
)
from i3d_edge.convert.passes.window import Window
from i3d_edge.core.errors import CalibrationError, GateFailedError, GateUndecidedError, OutputError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet

SIZE = 16
SPEC = i3d_spec(
    labels=LabelSet("six", tuple("abcdef")),
    num_frames=9,
    crop_px=SIZE,
    layout="NDCHW",
    input_type="u8",
    has_preprocessing=True,
)


def network(*, coarse: tuple[str, ...] = ()) -> ov.Model:
    """Two convolutions, "first" and "second"; the coarse ones are quantized, worse than INT8 would be."""
    rng = np.random.default_rng(3)
    clip = ops.parameter((1, 9, 3, SIZE, SIZE), ov.Type.u8, name="Placeholder")
    clip.output(0).set_names({"Placeholder"})
    value = ops.transpose(ops.multiply(ops.convert(clip, "f32"), np.float32(1 / 255)), [0, 2, 1, 3, 4])
    for name, (num_in, num_out) in {"first": (3, 4), "second": (4, 6)}.items():
        weights = rng.normal(size=(num_out, num_in, 1, 1, 1)).astype(np.float32)
        bias = rng.normal(size=(1, num_out, 1, 1, 1)).astype(np.float32)
        levels = 2 if name in coarse else 4096
        if coarse:
            low, high = np.float32(-4), np.float32(4)
            value = ops.fake_quantize(value, low, high, low, high, levels)
            weights = np.round(weights) if name in coarse else weights
            bias = bias + 1 if name in coarse else bias
        kernel = ops.multiply(ops.constant(weights), np.float32(1)) if coarse else ops.constant(weights)
        value = ops.convolution(value, kernel, [1] * 3, [0] * 3, [0] * 3, [1] * 3, name=name)
        value = ops.add(value, ops.constant(bias)).output(0)
    logits = ops.reduce_mean(value, [2, 3, 4])
    softmax = ops.softmax(logits, 1)
    softmax.output(0).set_names({"Softmax"})
    return ov.Model([softmax], [clip], "network")


def views(count: int = 40) -> Iterator[tuple[int, np.ndarray]]:
    rng = np.random.default_rng(1)
    for _ in range(count):
        colour = rng.integers(0, 256, 3)
        yield 0, np.broadcast_to(colour.astype(np.uint8), (9, SIZE, SIZE, 3))


def promise(limit: float, **options: int) -> Promise:
    return Promise("top-1 agreement", limit, lambda: views(**options), disagreement)


def answers(model: ov.Model) -> np.ndarray:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array([compiled(clip.transpose(0, 3, 1, 2)[np.newaxis].copy())[0][0] for _, clip in views(8)])


def test_a_kept_layer_has_its_weights_bias_and_input_back() -> None:
    plain, ruined = network(), network(coarse=("second",))
    assert np.abs(answers(ruined) - answers(plain)).max() > 0.1
    assert np.abs(answers(keep_precision(ruined, plain, ["second"])) - answers(plain)).max() < 0.02
    assert np.abs(answers(keep_precision(ruined, plain, ["first", "second"])) - answers(plain)).max() < 1e-5
    assert np.abs(answers(ruined) - answers(plain)).max() > 0.1  # the argument is left as it was


def lowered_network(*, levels: int | None) -> ov.Model:
    """Convolutions of frames side by side, of a pool in time, and of a mean of frames, as lowering writes them.

    Quantizers have so many levels; None is a network without them.
    """
    rng = np.random.default_rng(5)
    clip = ops.parameter((9, 3, SIZE, SIZE), ov.Type.u8, name="Placeholder")
    clip.output(0).set_names({"Placeholder"})
    window = Window(length=9, taps=3, stride=1, before=1, after=1)

    def quantizer(value: ov.Output) -> ov.Output:
        low, high = np.float32(0), np.float32(1)
        return value if levels is None else ops.fake_quantize(value, low, high, low, high, levels).output(0)

    def convolve(value: ov.Output, name: str) -> ov.Output:
        weights = ops.constant(rng.uniform(0, 1, (4, value.get_shape()[1], 1, 1)).astype(np.float32) / 8)
        kernel = weights if levels is None else ops.multiply(weights, np.float32(1))
        node = ops.convolution(value, kernel, [1, 1], [0, 0], [0, 0], [1, 1], name=name)
        return ops.add(node, ops.constant(np.zeros((1, 4, 1, 1), np.float32))).output(0)

    frames = quantizer(ops.multiply(ops.convert(clip, "f32"), np.float32(1 / 255)).output(0))
    stacked = convolve(ops.concat(window.views(frames, "constant", name="stacked"), 1).output(0), "stacked")
    a, b, c = window.views(frames, "edge", name="pooled")
    pooled = convolve(quantizer(ops.maximum(quantizer(ops.maximum(a, b).output(0)), c).output(0)), "pooled")
    tall = ops.concat(window.views(frames, "edge", name="mean"), 2)
    average = ops.avg_pool(tall, [3 * SIZE, 1], [0, 0], [0, 0], [3 * SIZE, 1], True, "floor", "explicit").output(0)
    results = [stacked, pooled, convolve(quantizer(average), "mean")]
    return ov.Model(results, [clip], "lowered")


def test_a_kept_layer_of_a_lowered_network_has_its_input_back(subtests: pytest.Subtests) -> None:
    plain, ruined = lowered_network(levels=None), lowered_network(levels=3)
    clip = np.random.default_rng(2).integers(0, 256, (9, 3, SIZE, SIZE), dtype=np.uint8)

    def answer(model: ov.Model) -> list[np.ndarray]:
        compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return [np.array(compiled(clip)[port]) for port in range(3)]

    expected, damaged = answer(plain), answer(ruined)
    for number, name in enumerate(["stacked", "pooled", "mean"]):
        with subtests.test(name=name):
            kept = answer(keep_precision(ruined, plain, [name]))
            for port in range(3):
                assert np.abs(damaged[port] - expected[port]).max() > 1e-3
                assert np.abs(kept[port] - (expected if port == number else damaged)[port]).max() < 1e-6


@pytest.mark.parametrize("coarse", ["first", "second"])
def test_the_ruined_layer_is_ranked_first(coarse: str) -> None:
    clips = [clip for _, clip in views(4)]
    assert rank_layers(network(), network(coarse=(coarse,)), SPEC, clips)[0] == coarse


def test_a_promise_that_holds_keeps_nothing_back() -> None:
    quantized = network(coarse=("none of them",))
    model, trials = control_accuracy(network(), quantized, SPEC, [promise(0.05)])
    assert model is quantized
    [trial] = trials
    assert (trial.kept, trial.num_views) == ((), (40,))
    assert trial.losses[0] <= 0.05
    assert trial.view_ms > 0


@pytest.mark.parametrize(("coarse", "kept"), [(("second",), ("second",)), (("first", "second"), ("first", "second"))])
def test_the_fewest_layers_that_will_do_are_kept(coarse: tuple[str, ...], kept: tuple[str, ...]) -> None:
    model, trials = control_accuracy(network(), network(coarse=coarse), SPEC, [promise(0.05)])
    final = trials[-1]
    assert final.losses[0] <= 0.05
    assert set(final.kept) == set(kept)
    assert trials[0].losses[0] > 0.05
    assert np.abs(answers(model) - answers(network())).max() < 0.02


def test_every_promise_counts() -> None:
    strict = Promise("never right", 0.5, lambda: views(), lambda *_: 1.0)
    with pytest.raises(GateFailedError) as caught:
        control_accuracy(network(), network(coarse=("second",)), SPEC, [promise(0.05), strict])
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        "promise must be kept with some convolutions not quantized; it is not, even with 1 of them: "
        "top-1 agreement: 0.00% of 40 views lost; never right: 100.00% of 40 views lost\n\n"
        "hint: calibrate on more and other videos, or promise less"
    )


def test_too_few_views_to_tell() -> None:
    with pytest.raises(GateUndecidedError) as caught:
        control_accuracy(network(), network(coarse=("second",)), SPEC, [promise(0.02, count=40)])
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        "top-1 agreement must be checked on 50 views at least, so that one of them does not decide; got 40\n\n"
        "hint: give more videos"
    )


def test_no_view_at_all() -> None:
    with pytest.raises(CalibrationError) as caught:
        control_accuracy(network(), network(), SPEC, [promise(0.02, count=0)])
    assert str(caught.value) == "top-1 agreement must be checked on one view at least; no video gave any"


def test_videos_are_split_the_same_way_in_any_order() -> None:
    videos = [Path(f"{number}.mp4") for number in range(9)]
    calibrating, checking = split_videos(videos, seed=0)
    assert split_videos(videos[::-1], seed=0) == (calibrating, checking)
    assert (len(calibrating), len(checking)) == (4, 5)
    assert sorted(calibrating + checking) == videos
    assert split_videos(videos, seed=1) != (calibrating, checking)


def test_a_disk_that_cannot_hold_the_views(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/full")
    with pytest.raises(OutputError) as caught:
        control_accuracy(network(), network(coarse=("second",)), SPEC, [promise(0.05)])
    assert str(caught.value) == (
        "temporary folder '/full' must hold the views to check, 0 MiB each; got No space left on device\n\n"
        "hint: set TMPDIR to a folder on another disk"
    )


def test_views_are_the_same_each_time_and_none_twice(tmp_path: Path) -> None:
    long, short = write_numbered(tmp_path / "long.mp4", 60), write_numbered(tmp_path / "short.mp4", 5)
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    spec = i3d_spec(labels=SPEC.labels, num_frames=9)
    make = spread_views([(long, 3), (broken, 4), (short, 5)], spec, num_clips=5)
    first, second = list(make()), list(make())
    assert [label for label, _ in first] == [3] * 5 + [5]
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
    assert len({clip.tobytes() for _, clip in first}) == 6
