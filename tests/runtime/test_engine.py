import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny import WEIGHTS, write_tiny_ir

from i3d_edge.core.errors import ClipShapeError, DeviceError, NotFiniteError
from i3d_edge.runtime.inference.engine import Engine

pytestmark = pytest.mark.isa


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
        engine.probabilities(noise((1, 9, 224, 224, 3)))
    assert str(caught.value) == (
        "clip must have layout NDCHW (1, 9, 3, 224, 224) uint8; got (1, 9, 224, 224, 3) uint8\n\n"
        "hint: this is NDHWC: transpose it by (0, 1, 4, 2, 3)"
    )


def test_the_transposition_in_the_hint_is_right(engine: Engine) -> None:
    ndhwc = noise((1, 9, 224, 224, 3))
    assert ndhwc.transpose(0, 1, 4, 2, 3).shape == engine.spec.clip_shape


def test_a_clip_of_another_dtype(engine: Engine) -> None:
    with pytest.raises(ClipShapeError) as caught:
        engine.probabilities(noise(engine.spec.clip_shape).astype(np.float32))
    assert str(caught.value) == (
        "clip must have layout NDCHW (1, 9, 3, 224, 224) uint8; got (1, 9, 3, 224, 224) float32"
    )


@pytest.mark.parametrize(
    ("device", "absent"), [("FPGA", "FPGA"), ("AUTO:FPGA,CPU", "FPGA"), ("HETERO:MYRIAD", "MYRIAD")]
)
def test_an_absent_device(ir_path: Path, device: str, absent: str) -> None:
    with pytest.raises(DeviceError) as caught:
        Engine(ir_path, device=device)
    message = caught.value.message
    assert message.startswith(f"no device '{absent}' on this machine; available: ")


def test_auto_is_a_device(ir_path: Path) -> None:
    assert Engine(ir_path, device="AUTO:CPU").probabilities(noise((1, 9, 3, 224, 224))).shape == (400,)


def test_not_a_number_is_never_an_answer(tmp_path: Path) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "nan.xml", weights=WEIGHTS * np.float32(np.nan)))
    clip = noise(engine.spec.clip_shape)
    for run in (lambda: engine.probabilities(clip), lambda: list(engine.answers([(0, clip)]))):
        with pytest.raises(NotFiniteError) as caught:
            run()
        assert str(caught.value) == (
            "the model answers NaN or infinity, in not reported on CPU\n\n"
            "hint: --inference-precision f32 tells whether precision is the cause"
        )


def test_a_joint_model_is_given_both_its_inputs_by_name(tmp_path: Path) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "joint.xml", stream="joint", fusion="logits"))
    grey = np.full((1, 9, 3, 24, 24), 128, np.uint8)
    flow = np.zeros((1, 9, 2, 24, 24), np.float32)
    flow[:, :, 1] = 1
    still, moving = (
        engine.probabilities({"Placeholder": grey, "Placeholder_flow": values}) for values in (flow * 0, flow)
    )
    # a flow of 1 in channel 1 adds that channel's weights to the logits
    change = np.log(moving) - np.log(still)
    assert change - change[0] == pytest.approx(WEIGHTS[1] - WEIGHTS[1][0], abs=1e-4)


def clips(num_clips: int, shape: tuple[int, ...] = (1, 9, 3, 24, 24)) -> list[np.ndarray]:
    """Return clips each of which is brightest in another channel, so that answers can be told apart."""
    made = []
    for number in range(num_clips):
        clip = np.zeros(shape, np.uint8)
        clip[:, :, number % 3] = 20 + number
        made.append(clip)
    return made


@pytest.mark.parametrize("options", [{}, {"mode": "throughput", "num_streams": 2}], ids=["latency", "throughput"])
@pytest.mark.parametrize("fields", [{}, {"batch": 3}, {"layout": "NDHWC"}], ids=["one", "batch of 3", "NDHWC"])
def test_answers_come_in_the_order_of_the_questions(
    options: dict[str, object], fields: dict[str, object], tmp_path: Path
) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml", **fields), **options)
    given = [clip.transpose(0, 1, 3, 4, 2) if fields.get("layout") == "NDHWC" else clip for clip in clips(20)]
    answers = list(engine.answers(enumerate(given)))
    assert [tag for tag, _ in answers] == list(range(20))
    for clip, (_, answer) in zip(given, answers, strict=True):
        assert answer == pytest.approx(engine.probabilities(clip), abs=1e-6)


def test_a_batch_is_filled_with_clips_that_follow(tmp_path: Path) -> None:
    """Five clips in batches of two are three inferences, whose last repeats its last clip."""
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml", batch=2))
    seen = []
    original = engine._read
    engine._read = lambda results: seen.append(results) or original(results)  # type: ignore[method-assign]
    answers = [answer for _, answer in engine.answers(enumerate(clips(5)))]
    assert len(seen) == 3
    for clip, answer in zip(clips(5), answers, strict=True):
        assert answer == pytest.approx(engine.probabilities(clip), abs=1e-6)


def test_what_is_no_question_keeps_its_place(tmp_path: Path) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml", batch=3))
    first, second, third, fourth = clips(4)
    items = [("a", first), ("-", None), ("b", second), ("c", third), ("=", None), ("d", fourth), ("end", None)]
    answers = list(engine.answers(iter(items)))
    assert [tag for tag, _ in answers] == [tag for tag, _ in items]
    assert [answer is None for _, answer in answers] == [clip is None for _, clip in items]


def test_an_answer_that_is_ready_does_not_wait_for_the_next_question(tmp_path: Path) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml"))
    answered = threading.Event()

    def questions() -> Iterator[tuple[str, np.ndarray | None]]:
        yield "question", clips(1)[0]
        while not answered.wait(0.01):
            yield "idle", None

    for tag, answer in engine.answers(questions()):
        if tag == "question":
            assert answer is not None
            answered.set()


def test_several_streams_of_questions_at_once(tmp_path: Path) -> None:
    """One waits, half read, while another runs to its end; neither needs the other's requests."""
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml"))
    half_read = engine.answers(enumerate(clips(10)))
    first = next(half_read)
    again = list(engine.answers(enumerate(clips(10))))
    rest = [first, *half_read]
    for (tag, answer), (other_tag, other) in zip(rest, again, strict=True):
        assert tag == other_tag
        assert np.array_equal(answer, other)


def test_threads_get_their_own_answers(tmp_path: Path) -> None:
    engine = Engine(write_tiny_ir(tmp_path / "tiny.xml"), mode="throughput")
    given = clips(40)
    alone = [engine.probabilities(clip) for clip in given]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(engine.probabilities, given))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_leaving_early_waits_for_what_runs(ir_path: Path, engine: Engine) -> None:
    answers = engine.answers((number, noise(engine.spec.clip_shape)) for number in range(100))
    next(answers)
    answers.close()
    assert engine.probabilities(noise(engine.spec.clip_shape)).shape == (400,)


def test_says_how_it_really_runs(tmp_path: Path) -> None:
    path = write_tiny_ir(tmp_path / "tiny.xml")
    latency, streams = Engine(path), Engine(path, num_streams=2, num_threads=2)
    assert (latency.num_streams, latency.mode) == (1, "latency")
    assert (streams.num_streams, streams.num_threads) == (2, 2)
    assert Engine(path, num_threads=1).num_threads == 1
    assert not Engine(path, num_threads=1).compiled.get_property("ENABLE_CPU_PINNING")  # beside other processes
