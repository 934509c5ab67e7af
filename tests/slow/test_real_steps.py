"""Step models of DeepMind's rgb_scratch on a real video: written, read again, and fed hop by hop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from i3d_edge import VideoClassifier, ViewOptions
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.runtime import read_clips, read_ir

pytestmark = [pytest.mark.slow, pytest.mark.shared]

NUM_ANSWERS = 2


@pytest.mark.parametrize(("model", "hop"), [("real_ir", 24), ("real_int8", 8)])
def test_exact_steps_answer_what_windows_answer(
    model: str, hop: int, request: pytest.FixtureRequest, shared: Path, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(model)
    report = make_step_ir(source, tmp_path / "steps.xml", hop=hop)
    window, spec = read_ir(source)
    steps, _ = read_ir(report.path, steps=True)
    stepping = report.spec.stepping
    assert stepping is not None
    num_frames = hop * (stepping.warm_up + NUM_ANSWERS - 1)
    video = max((shared / "videos").rglob("*.avi"), key=lambda path: path.stat().st_size)
    frames = read_clips(video, replace(spec, num_frames=num_frames)).clips[0].frames[np.newaxis]
    step_request, window_request = (inference(of) for of in (steps, window))
    ends = range(hop * stepping.warm_up, num_frames + 1, hop)
    expected = {end: answer(window_request, spec.lay_out(frames[:, end - spec.num_frames : end])) for end in ends}
    for end in range(hop, num_frames + 1, hop):
        got = answer(step_request, spec.lay_out(frames[:, end - hop : end]))
        if end in expected:
            assert np.abs(got - expected[end]).max() <= 1e-4, end


@pytest.mark.parametrize("model", ["real_ir", "real_int8"])
def test_clips_a_hop_apart_are_answered_alike_in_steps(
    model: str, request: pytest.FixtureRequest, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the device's own precision, and by engines of one stream and of several."""
    video, answers = max((shared / "videos").rglob("*.avi"), key=lambda path: path.stat().st_size), []
    monkeypatch.setattr("i3d_edge.runtime.overlap._WORTH_MAKING", 1)
    with VideoClassifier(request.getfixturevalue(model), mode="throughput") as classifier:
        for pays in (lambda *_: False, lambda *_: True):
            monkeypatch.setattr("i3d_edge.runtime.overlap.steps_pay", pays)
            answers.append(classifier.classify(video, ViewOptions(hop=24)))
        assert classifier._step_engines.find(24, 0) is not None
    windows, steps = answers
    assert len(windows.views) > 3
    for one, other in zip(steps.views, windows.views, strict=True):
        assert np.array_equal(one.probabilities, other.probabilities), one.clip


def test_continuous_steps_pass_their_proof(real_int8: Path, tmp_path: Path) -> None:
    report = make_step_ir(real_int8, tmp_path / "steps.xml", hop=8, mode="continuous")
    assert report.spec.stepping is not None
    assert report.spec.stepping.warm_up == 16


def inference(model: ov.Model) -> ov.InferRequest:
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()


def answer(of: ov.InferRequest, clip: np.ndarray) -> np.ndarray:
    return np.array(next(iter(of.infer([np.ascontiguousarray(clip)]).values())))
