"""Step models of small networks: the window network's answers, hop after hop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from small import SPEC, small_model, write_small_ir

from i3d_edge.convert.passes.stem import fold_stem
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.convert.step_proof import prove_steps
from i3d_edge.core.errors import ArgumentError, IRError, OutputError, ParityError
from i3d_edge.core.spec import Stepping
from i3d_edge.runtime import read_ir
from i3d_edge.runtime.steps.emitter import UnstreamableError, emit_steps
from i3d_edge.runtime.steps.span import Reach, Span, first_read, head_length, through

RANDOM = np.random.default_rng(0)
STREAM = RANDOM.integers(0, 256, (1, 3, 400, 14, 14)).astype(np.float32)
"""A stream, NCDHW; a network takes frames of it."""


@pytest.mark.parametrize("length", [24, 31, 40])
def test_spans_are_what_padding_reaches(length: int) -> None:
    for hop in (4, 8, 12):
        span, touched = Span(length, hop, 0, length), [False] * length
        for reach in [Reach(3, 1, 1, 1), Reach(3, 2, 0, 1), Reach(1, 1, 2, 0), Reach(2, 1, 0, 1), Reach(1, 2)]:
            after = through([span], reach, sees_past=False)
            assert after is not None
            reads = [
                range(first_read(place, reach), first_read(place, reach) + reach.kernel)
                for place in range(after.length)
            ]
            assert reads[-1].stop <= span.length + reach.after
            touched = [any(at not in range(span.length) or touched[at] for at in read) for read in reads]
            assert not any(touched[after.left : after.right])
            assert all(touched[after.right :])
            assert all(touched[: after.left - 1])
            assert after.hop * after.frames == hop
            if after.left:
                assert head_length(after.left, reach) > 0
                assert after.ahead * span.hop + head_length(after.left, reach) <= span.right
            span = after


def convolve(value: ov.Output, channels: int, kernel: int, stride: int = 1, pads: str = "same_upper") -> ov.Output:
    count = value.get_shape()[1]
    weights = np.random.default_rng(kernel + count).normal(0, 0.3, (channels, count, kernel, 3, 3)).astype(np.float32)
    steps = [stride, 1, 1]
    found = ops.convolution(value, ops.constant(weights), steps, [0] * 3, [0] * 3, [1] * 3, auto_pad=pads)
    return ops.relu(ops.add(found, np.full((1, channels, 1, 1, 1), 0.1, np.float32))).output(0)


def quantize(value: ov.Output, high: float = 40) -> ov.Output:
    low, top = np.float32(0), np.float32(high)
    return ops.fake_quantize(value, low, top, low, top, 256).output(0)


def pool(value: ov.Output, kernel: int, stride: int) -> ov.Output:
    sides = [kernel, 3, 3]
    return ops.max_pool(value, [stride, 2, 2], [1] * 3, [0] * 3, [0] * 3, sides, auto_pad="same_upper").output(0)


def network(num_frames: int, *, is_quantized: bool = False, num_inputs: int = 1, pads: str = "same_upper") -> ov.Model:
    """A stem of stride 2, a block of two branches, a pool of stride 2, a convolution, and a mean over all."""
    seen = quantize if is_quantized else (lambda value: value)
    clips, means = [], []
    for number in range(num_inputs):
        clip = ops.parameter((1, 3, num_frames, 14, 14), ov.Type.f32, name=f"clip{number}")
        clip.output(0).set_names({f"clip{number}"})
        value = ops.divide(ops.subtract(clip, np.float32(100)), np.float32(100)).output(0)
        value = seen(convolve(value, 4, 7, 2, pads))
        branches = [seen(convolve(value, 3, 1)), seen(convolve(seen(convolve(value, 5, 1)), 2, 3))]
        value = pool(ops.concat(branches, 1).output(0), 3, 2)
        value = convolve(value, 6, 3)
        clips.append(clip)
        means.append(ops.reduce_mean(value, ops.constant([2, 3, 4]), False))
    answer = means[0] if num_inputs == 1 else ops.add(*means)
    return ov.Model([answer], clips, "network")


def compiled(model: ov.Model) -> ov.InferRequest:
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()


def frames(model: ov.Model, first: int, count: int) -> dict[str, np.ndarray]:
    """Frames of the stream from one on; the second input sees them backwards."""
    clips = {port.any_name: STREAM[:, :, first : first + count] for port in model.inputs}
    return {name: clip[..., ::-1] if name == "clip1" else clip for name, clip in clips.items()}


def check(steps: ov.Model, window: ov.Model, num_frames: int, hop: int, num_hops: int, *, start: int = 0) -> None:
    """Feed steps, and compare the last answers with those of the window network, after a reset too."""
    step_request, window_request = compiled(steps), compiled(window)
    for origin in (start, start + 7):
        for number in range(num_hops):
            [got] = step_request.infer(frames(steps, origin + number * hop, hop)).values()
            seen = (number + 1) * hop
            if seen >= num_frames:
                [expected] = window_request.infer(frames(window, origin + seen - num_frames, num_frames)).values()
                assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max(), (origin, number)
        step_request.reset_state()


AXES: Mapping[str, int] = {"clip0": 2, "clip1": 2}


@pytest.mark.parametrize(
    ("num_frames", "hop", "options"),
    [
        (40, 2, {}),
        (41, 12, {}),
        (43, 6, {"pads": "valid"}),
        (40, 4, {"num_inputs": 2}),
        (39, 6, {"is_quantized": True}),
    ],
)
def test_exact_steps_answer_what_windows_answer(num_frames: int, hop: int, options: dict) -> None:
    window = network(num_frames, **options)
    emitted = emit_steps(window, AXES, hop=hop, mode="exact")
    assert emitted.memory_bytes > 0
    check(emitted.model, window, num_frames, hop, -(-num_frames // hop) + 3)


def test_what_is_quantized_is_remembered_in_bytes() -> None:
    wide, narrow = (
        emit_steps(network(40, is_quantized=is_quantized), AXES, hop=4, mode="exact") for is_quantized in (False, True)
    )
    kinds = {node.get_output_element_type(0).to_string() for node in narrow.model.get_ops() if is_variable(node)}
    assert kinds == {"u8", "f32"}  # frames as they come in
    assert narrow.memory_bytes < wide.memory_bytes


def is_variable(node: ov.Node) -> bool:
    return node.get_type_name() == "ReadValue"


@pytest.mark.parametrize(("num_frames", "is_half"), [(31, False), (32, False), (31, True)])
def test_steps_of_a_folded_stem(num_frames: int, is_half: bool, tmp_path: Path) -> None:
    clip = ops.parameter((1, num_frames, 3, 14, 14), ov.Type.u8, name="clip0")
    clip.output(0).set_names({"clip0"})
    value = ops.transpose(ops.convert(clip, "f32"), ops.constant([0, 2, 1, 3, 4]))
    weights = RANDOM.normal(0, 0.3, (4, 3, 7, 7, 7)).astype(np.float32)
    value = ops.divide(ops.subtract(value, np.float32(127.5)), np.float32(127.5))
    value = ops.relu(ops.convolution(value, weights, [2] * 3, [0] * 3, [0] * 3, [1] * 3, auto_pad="same_upper"))
    window = ov.Model([ops.reduce_mean(value, ops.constant([2, 3, 4]), False)], [clip], "stem")
    assert fold_stem(window) is None
    if is_half:
        ov.save_model(window, tmp_path / "half.xml", compress_to_fp16=True)
        window = ov.Core().read_model(tmp_path / "half.xml")
    steps = emit_steps(window, {"clip0": 1}, hop=4, mode="exact").model
    [variable] = [
        node for node in steps.get_ops() if is_variable(node) and node.get_output_element_type(0) == ov.Type.u8
    ]
    assert list(variable.get_output_shape(0))[2:] == [3, 14, 14]
    step_request, window_request = compiled(steps), compiled(window)
    stream = STREAM.astype(np.uint8).transpose(0, 2, 1, 3, 4)
    for number in range(12):
        [got] = step_request.infer([stream[:, number * 4 : number * 4 + 4]]).values()
        if (seen := number * 4 + 4) >= num_frames:
            [expected] = window_request.infer([stream[:, seen - num_frames : seen]]).values()
            assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(("num_frames", "is_quantized"), [(40, False), (40, True), (8, False)])
def test_continuous_steps_see_the_true_past(num_frames: int, is_quantized: bool) -> None:
    """They answer what one pass over a longer past answers, of its last positions."""
    hop, past = 4, 24
    emitted = emit_steps(network(num_frames, is_quantized=is_quantized), AXES, hop=hop, mode="continuous")
    assert num_frames < emitted.warm_up * hop <= num_frames + past
    longer = network(num_frames + past, is_quantized=is_quantized)
    [mean] = [node for node in longer.get_ops() if node.get_type_name() == "ReduceMean"]
    value = mean.input_value(0)
    last = ops.slice(value, *(np.array([number]) for number in (past // 4, value.get_shape()[2], 1, 2)))
    mean.input(0).replace_source_output(last.output(0))
    check(emitted.model, longer, num_frames + past, hop, (num_frames + past) // hop + 2)


def test_what_cannot_be_run_in_steps() -> None:
    for hop, mode, divisor in [(3, "exact", 2), (2, "continuous", 4), (38, "exact", None)]:
        with pytest.raises(UnstreamableError) as caught:
            emit_steps(network(40), AXES, hop=hop, mode=mode)
        assert caught.value.divisor == divisor


def test_a_step_ir(tmp_path: Path) -> None:
    ir_path = write_small_ir(tmp_path / "small.xml")
    report = make_step_ir(ir_path, tmp_path / "steps", hop=2)
    assert max(clip.relative_difference for clip in report.clips) <= 1e-5
    model, spec = read_ir(report.path, steps=True)
    assert spec == report.spec
    assert spec.stepping is not None
    assert (spec.stepping.hop, spec.stepping.warm_up, spec.num_frames) == (2, 5, 9)
    assert list(model.inputs[0].shape) == [1, 2, 3, 32, 32]
    with pytest.raises(IRError, match="is a step model: it takes 2 frames at a time"):
        read_ir(report.path)
    with pytest.raises(OutputError, match="exists already"):
        make_step_ir(ir_path, report.path, hop=2)


def test_steps_that_answer_otherwise_are_refused() -> None:
    window, axes = small_model(), {"Placeholder": 1}
    steps = emit_steps(window, axes, hop=2, mode="exact").model
    stepping = Stepping(mode="exact", hop=2, warm_up=5, window_sha256=("", ""))
    assert len(prove_steps(steps, window, SPEC, stepping, axes)) == 2
    [sink, *_] = steps.get_sinks()
    forgotten = ops.multiply(sink.input_value(0), ops.constant(0, dtype=sink.get_input_element_type(0)))
    sink.input(0).replace_source_output(forgotten.output(0))
    with pytest.raises(ParityError, match="the logits of steps differ from those of windows by"):
        prove_steps(steps, window, SPEC, stepping, axes)


@pytest.mark.parametrize(
    ("hop", "is_flat", "error", "message"),
    [
        (8, False, ArgumentError, "exact steps of 8 frames cannot be made of [^|]*hint: --hop can be 1 to 6, by 1"),
        (2, True, IRError, "cannot be run in steps: windows have no layer's output in common"),
    ],
)
def test_refusals_say_what_can_be_done(
    hop: int, is_flat: bool, error: type[Exception], message: str, tmp_path: Path
) -> None:
    ir_path = write_small_ir(tmp_path / "small.xml", is_flat=is_flat)
    with pytest.raises(error) as caught:
        make_step_ir(ir_path, tmp_path / "steps.xml", hop=hop)
    assert re.search(message, str(caught.value))
    assert {path.name for path in tmp_path.iterdir()} == {"small.xml", "small.bin"}


def test_what_follows_from_constants_is_not_read_as_one() -> None:
    """An order that is computed keeps a network from being read past it, and does not end it."""
    window = network(40)
    [mean] = [node for node in window.get_ops() if node.get_type_name() == "ReduceMean"]
    order = ops.add(np.array([0, 1, 2, 3, 4], np.int64), np.int64(0))
    mean.input(0).replace_source_output(ops.transpose(mean.input_value(0), order).output(0))
    check(emit_steps(window, AXES, hop=4, mode="exact").model, window, 40, 4, 12)
