"""A compiled model is never served for another one, and a damaged one never at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from tiny import WEIGHTS, write_tiny_ir

from i3d_edge.core.errors import OutputError
from i3d_edge.runtime.inference import cache as cache_module
from i3d_edge.runtime.inference.cache import CompiledCache
from i3d_edge.runtime.inference.engine import Engine

CLIP = np.random.default_rng(0).integers(0, 256, (1, 9, 3, 24, 24), dtype=np.uint8)


@pytest.fixture
def ir(tmp_path: Path) -> Path:
    return write_tiny_ir(tmp_path / "tiny.xml")


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_the_second_start_is_from_the_cache_and_answers_the_same(ir: Path, tmp_path: Path) -> None:
    plain = Engine(ir)
    first, second = (Engine(ir, cache=tmp_path / "cache") for _ in range(2))
    assert (plain.is_cached, first.is_cached, second.is_cached) == (False, False, True)
    assert np.array_equal(plain.probabilities(CLIP), first.probabilities(CLIP))
    assert np.array_equal(plain.probabilities(CLIP), second.probabilities(CLIP))
    assert second.num_streams == plain.num_streams
    assert len(entries(tmp_path / "cache")) == 1


def test_other_weights_under_the_same_name_size_and_time_are_another_model(ir: Path, tmp_path: Path) -> None:
    weights = ir.with_suffix(".bin")
    before = weights.stat()
    old = Engine(ir, cache=tmp_path / "cache").probabilities(CLIP)
    data = np.frombuffer(weights.read_bytes(), np.uint8).copy()
    place = data.tobytes().index(WEIGHTS.tobytes())
    data[place : place + WEIGHTS.nbytes] = np.frombuffer((-WEIGHTS).tobytes(), np.uint8)
    weights.write_bytes(data.tobytes())
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = weights.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
    engine = Engine(ir, cache=tmp_path / "cache")
    assert not engine.is_cached
    assert np.array_equal(engine.probabilities(CLIP), Engine(ir).probabilities(CLIP))
    assert np.abs(engine.probabilities(CLIP) - old).max() > 0.1


def test_another_graph_on_the_same_weights_is_another_model(ir: Path, tmp_path: Path) -> None:
    Engine(ir, cache=tmp_path / "cache")
    ir.write_text(ir.read_text().replace('name="tiny"', 'name="tuny"'))
    assert not Engine(ir, cache=tmp_path / "cache").is_cached


def test_other_properties_are_another_model(ir: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    Engine(ir, cache=tmp_path / "cache")
    for options in [
        {"mode": "throughput"},
        {"inference_precision": "f32"},
        {"num_threads": 1},
        {"num_streams": 2},
    ]:
        with subtests.test(options=options):
            assert not Engine(ir, cache=tmp_path / "cache", **options).is_cached
            assert Engine(ir, cache=tmp_path / "cache", **options).is_cached


def test_another_openvino_is_another_model(ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Engine(ir, cache=tmp_path / "cache")
    monkeypatch.setattr(ov, "get_version", lambda: "2099.1.0")
    assert not Engine(ir, cache=tmp_path / "cache").is_cached


def test_a_model_that_moved_is_the_same(ir: Path, tmp_path: Path) -> None:
    Engine(ir, cache=tmp_path / "cache")
    (tmp_path / "new").mkdir()
    for suffix in (".xml", ".bin"):
        shutil.copy(ir.with_suffix(suffix), tmp_path / "new")
    assert Engine(tmp_path / "new" / ir.name, cache=tmp_path / "cache").is_cached


def flip(position: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(position * (len(data) - 1))] ^= 1
        path.write_bytes(bytes(data))

    return damage


def test_a_damaged_or_foreign_entry_is_made_anew(
    ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    expected = Engine(ir, cache=tmp_path / "cache").probabilities(CLIP)
    Engine(write_tiny_ir(tmp_path / "other.xml", weights=-WEIGHTS), cache=tmp_path / "others")
    [other] = entries(tmp_path / "others")
    [entry] = entries(tmp_path / "cache")
    for case, damage in {
        "flip first": flip(0),
        "flip hash": flip(0.005),
        "flip header": flip(0.03),
        "flip middle": flip(0.5),
        "flip last": flip(1),
        "empty": lambda path: path.write_bytes(b""),
        "short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
        "long": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        "another model's": lambda path: shutil.copy(other, path),
        "another user's": lambda path: monkeypatch.setattr(cache_module, "_TRUSTED_USERS", {-1}),
        "folder": lambda path: (monkeypatch.undo(), path.unlink(), path.mkdir()),
    }.items():
        with subtests.test(case):
            damage(entry)
            engine = Engine(ir, cache=tmp_path / "cache")
            assert not engine.is_cached
            assert np.array_equal(engine.probabilities(CLIP), expected)
            assert Engine(ir, cache=tmp_path / "cache").is_cached or entry.is_dir() or "user" in case
            assert entries(tmp_path / "cache") == [entry]


def test_an_entry_that_the_device_does_not_take_is_made_anew(ir: Path, tmp_path: Path) -> None:
    """Whole by its hash, but not what OpenVINO can read."""
    Engine(ir, cache=tmp_path / "cache")

    class Nonsense:
        def export_model(self) -> object:
            import io

            return io.BytesIO(b"nonsense")

    cache = CompiledCache.of(tmp_path / "cache", ir, ov.Core().read_model(ir), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    assert cache is not None
    cache.store(Nonsense())
    assert not Engine(ir, cache=tmp_path / "cache").is_cached
    assert Engine(ir, cache=tmp_path / "cache").is_cached


def test_a_device_that_keeps_nothing_runs_without(ir: Path, tmp_path: Path) -> None:
    for _ in range(2):
        engine = Engine(ir, device="AUTO:CPU", cache=tmp_path / "cache")
        assert not engine.is_cached
        assert engine.probabilities(CLIP).shape == (5,)
    assert not (tmp_path / "cache").exists()


def test_a_full_disk_is_no_reason_not_to_run(ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("i3d_edge.core.files.os.replace", full)
    assert Engine(ir, cache=tmp_path / "cache").probabilities(CLIP).shape == (5,)
    assert entries(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_made_is_an_error(ir: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OutputError) as caught:
        Engine(ir, cache=tmp_path / "cache")
    assert str(caught.value) == (
        f"cannot write to folder '{tmp_path / 'cache'}': File exists\n\nhint: choose a folder that you may write to"
    )
