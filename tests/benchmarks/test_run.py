"""The driver and its workers, with rivals that compute nothing."""

from pathlib import Path

import numpy as np
import pytest
from fake_rivals import ANSWER, fake

from benchmarks.rival import BenchmarkError, Task
from benchmarks.run import check_answers, hardware_class, measure
from benchmarks.worker import Worker
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.processor import Processor

PROCESSOR = Processor(name="", vendor="AuthenticAMD", num_cpus=2, num_cores=2, flags=frozenset({"avx512_vnni"}))
A, B = fake("a", "open_a"), fake("b", "open_b")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    clips = np.stack([np.full((1, 2, 2, 3), value, np.uint8) for value in (0, 1)])
    np.save(tmp_path / "clips.npy", clips)
    return Task(
        graph=tmp_path / "none.pb",
        spec=i3d_spec(labels=LabelSet("three", ("x", "y", "z"))),
        clips=tmp_path / "clips.npy",
        num_clips=2,
        videos=(),
        folder=tmp_path,
        num_threads=1,
    )


def test_rivals_take_turns(task: Task, tmp_path: Path) -> None:
    skipped = fake("c", "open_a", "bf16")
    result = measure([A, B, skipped], task, PROCESSOR, clips="noise", rounds=4, pause_s=0)
    turns = (tmp_path / "turns.txt").read_text()
    opening, rounds = turns[:8], turns[8:]
    assert opening == "aaaabbbb"
    assert [sorted(rounds[start : start + 2]) for start in range(0, 8, 2)] == [["a", "b"]] * 4
    assert [row["name"] for row in result["rivals"]] == ["a", "b"]
    assert [len(row["clip_ms"]) for row in result["rivals"]] == [4, 4]
    assert min(result["rivals"][1]["clip_ms"]) >= 20
    assert [row["difference"] for row in result["rivals"]] == [0, 0]
    assert [row["num_same_top1"] for row in result["rivals"]] == [2, 2]
    assert result["other_clip_difference"] > 0.5
    assert result["skipped"] == [{"name": "c", "reason": "the CPU has no bf16 instructions"}]


def test_another_answer_is_refused(task: Task) -> None:
    with pytest.raises(BenchmarkError) as caught:
        measure([A, fake("wrong", "open_wrong", "INT8")], task, PROCESSOR, clips="noise", rounds=4, pause_s=0)
    assert str(caught.value) == (
        "the logits of rival 'wrong' differ from the reference's by 183 % of the largest; up to 20 % is allowed\n\n"
        "hint: it computes another network, or is given another clip, so its time would mean nothing"
    )


def test_what_is_no_answer_is_refused(subtests: pytest.Subtests) -> None:
    for case, (got, found) in {
        "shape": (np.ones((1, 2), np.float32), "(1, 2), finite"),
        "NaN": (np.full((1, 3), np.nan, np.float32), "(1, 3), not all finite"),
    }.items():
        with subtests.test(case):
            with pytest.raises(BenchmarkError) as caught:
                check_answers(A, expected=ANSWER[np.newaxis], got=got)
            assert str(caught.value) == f"rival 'a' gives probabilities of shape {found}, not (1, 3), finite"


def test_a_precision_may_differ_by_so_much(subtests: pytest.Subtests) -> None:
    for precision, factor in [("f32", 1.0005), ("bf16", 1.01), ("INT8", 1.1)]:
        with subtests.test(precision=precision):
            expected = np.array([[0.9, 0.05, 0.05]], np.float32)
            check_answers(fake("a", "open_a", precision), expected=expected, got=expected**factor)
            with pytest.raises(BenchmarkError):
                check_answers(fake("a", "open_a", precision), expected=expected, got=expected ** (1 + 6 * (factor - 1)))


def test_a_rival_that_cannot_be_opened(task: Task, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError) as caught:
        Worker(fake("r", "open_raising"), task)
    log = tmp_path / "r.log"
    assert str(caught.value) == (f"rival 'r' failed: ValueError: no such kernel\n\nhint: its output is in {log}")
    assert "what it says before it fails" in log.read_text()


def death(name: str, folder: Path) -> str:
    return (
        f"rival {name!r} failed: BrokenProcessPool: A process in the process pool was terminated abruptly while the "
        f"future was running or pending.\n\nhint: its output is in {folder / name}.log"
    )


def test_a_rival_that_dies_as_it_opens(task: Task, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError) as caught:
        Worker(fake("d", "open_dying"), task)
    assert str(caught.value) == death("d", tmp_path)


def test_a_rival_that_dies_later(task: Task, tmp_path: Path) -> None:
    with Worker(fake("d", "open_dying_later"), task) as worker:
        assert worker.take_turn() > 0
        with pytest.raises(BenchmarkError) as caught:
            worker.take_turn()
        assert str(caught.value) == death("d", tmp_path)
        with pytest.raises(BenchmarkError):  # and stays dead
            worker.take_turn()


def test_what_a_rival_lacks(subtests: pytest.Subtests) -> None:
    for case, (rival, flags, reason) in {
        "nothing": (fake("r", "x"), set(), None),
        "no bf16": (fake("r", "x", "bf16"), {"avx512f"}, "the CPU has no bf16 instructions"),
        "avx512": (fake("r", "x", "bf16"), {"avx512_bf16"}, None),
        "amx": (fake("r", "x", "bf16"), {"amx_bf16"}, None),
    }.items():
        with subtests.test(case):
            assert rival.lacks(flags) == reason


def test_the_hardware_is_named_by_its_class() -> None:
    assert hardware_class(PROCESSOR).startswith("2 cores, AuthenticAMD ")
    assert hardware_class(PROCESSOR).endswith(" with AVX-512 VNNI")
