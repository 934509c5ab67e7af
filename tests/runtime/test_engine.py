from pathlib import Path

import numpy as np
import pytest

from convert import convert_graph
from freeze import freeze_checkpoint, open_checkpoint
from i3d_edge.errors import ClipShapeError, DeviceError, NotFiniteError
from runtime.engine import Engine


@pytest.fixture(scope="module")
def engine(ir_path: Path) -> Engine:
    return Engine(ir_path, inference_precision="f32")


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_probabilities(engine: Engine) -> None:
    probabilities = engine.probabilities(noise(engine.spec.clip_shape))
    assert probabilities.shape == (400,)
    assert probabilities.dtype == np.float32
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_says_what_precision_runs(engine: Engine) -> None:
    assert engine.precision == "f32"


def test_a_clip_in_another_layout(engine: Engine) -> None:
    with pytest.raises(ClipShapeError) as caught:
        engine.probabilities(noise((1, 16, 224, 224, 3)))
    assert str(caught.value) == (
        "clip must have layout NDCHW (1, 16, 3, 224, 224) uint8; got (1, 16, 224, 224, 3) uint8\n\n"
        "hint: this is NDHWC: transpose it by (0, 1, 4, 2, 3)"
    )


def test_the_transposition_in_the_hint_is_right(engine: Engine) -> None:
    ndhwc = noise((1, 16, 224, 224, 3))
    assert ndhwc.transpose(0, 1, 4, 2, 3).shape == engine.spec.clip_shape


def test_a_clip_of_another_dtype(engine: Engine) -> None:
    with pytest.raises(ClipShapeError) as caught:
        engine.probabilities(noise(engine.spec.clip_shape).astype(np.float32))
    assert str(caught.value) == (
        "clip must have layout NDCHW (1, 16, 3, 224, 224) uint8; got (1, 16, 3, 224, 224) float32"
    )


@pytest.mark.parametrize(
    ("device", "absent"), [("FPGA", "FPGA"), ("AUTO:FPGA,CPU", "FPGA"), ("HETERO:MYRIAD", "MYRIAD")]
)
def test_an_absent_device(ir_path: Path, device: str, absent: str) -> None:
    with pytest.raises(DeviceError) as caught:
        Engine(ir_path, device=device)
    message = str(caught.value)
    assert message.startswith(f"device '{absent}' must be one of ")
    assert message.endswith(" on this machine; it is absent")


def test_auto_is_a_device(ir_path: Path) -> None:
    assert Engine(ir_path, device="AUTO:CPU").probabilities(noise((1, 16, 3, 224, 224))).shape == (400,)


def test_not_a_number_is_never_an_answer(ir_path: Path) -> None:
    engine = Engine(ir_path, inference_precision="f32")
    engine.compiled = lambda _clip: {engine._output: np.full((1, 400), np.nan, np.float32)}
    with pytest.raises(NotFiniteError) as caught:
        engine.probabilities(noise(engine.spec.clip_shape))
    assert str(caught.value) == (
        "model must give finite probabilities; got NaN, in f32 on CPU\n\n"
        "hint: --inference-precision f32 tells whether precision is the cause"
    )


def test_a_larger_batch_answers_for_one_clip(checkpoint_prefix: Path, tmp_path: Path) -> None:
    answers = []
    for batch in (1, 2):
        freeze_checkpoint(open_checkpoint(checkpoint_prefix), tmp_path / f"{batch}.pb", num_frames=9, batch=batch)
        convert_graph(tmp_path / f"{batch}.pb", tmp_path / f"{batch}.xml")
        engine = Engine(tmp_path / f"{batch}.xml", inference_precision="f32")
        answers.append(engine.probabilities(noise((1, 9, 3, 224, 224))))
    assert np.abs(answers[0] - answers[1]).max() < 1e-6
