from pathlib import Path

import numpy as np
import pytest

from i3d_edge.convert import convert_graph
from i3d_edge.core.errors import SpecError
from i3d_edge.core.timing import take_turns, times_faster
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.measure.bench import Timing, bench


def test_runs_take_turns() -> None:
    order: list[str] = []
    turns = {name: lambda name=name: order.append(name) or float(len(order)) for name in "ab"}
    assert take_turns(turns, rounds=3) == {"a": (1.0, 3.0, 5.0), "b": (2.0, 4.0, 6.0)}
    order.clear()
    take_turns(turns, rounds=8, rng=np.random.default_rng(0))
    assert {"".join(order[start : start + 2]) for start in range(0, 16, 2)} == {"ab", "ba"}


def test_statistics(ir_path: Path) -> None:
    engine = Engine(ir_path)
    slow, fast = Timing(engine, (100.0, 200.0, 300.0)), Timing(engine, (50.0, 50.0, 100.0))
    assert (slow.percentile_ms(50), slow.clips_per_s) == (200.0, 5.0)
    assert times_faster(fast.clip_ms, slow.clip_ms) == 3.0


@pytest.mark.parametrize("mode", ["latency", "throughput"])
def test_real_times(ir_path: Path, mode: str) -> None:
    timings = bench({"m": Engine(ir_path, mode=mode)}, rounds=2)
    assert len(timings["m"].clip_ms) == 2
    assert all(0 < taken < 60_000 for taken in timings["m"].clip_ms)


@pytest.mark.slow
def test_a_batch_is_timed_per_clip(graph_path: Path, ir_path: Path, tmp_path: Path) -> None:
    convert_graph(graph_path, tmp_path / "batch.xml", batch=4)
    engines = {"one": Engine(ir_path), "batch": Engine(tmp_path / "batch.xml")}
    one, batch = bench(engines, rounds=3).values()
    assert batch.percentile_ms(50) < 2.5 * one.percentile_ms(50)


def test_several_inputs_are_refused(ir_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(ir_path)
    monkeypatch.setattr(type(engine.spec), "inputs", property(lambda _self: {"a": "rgb", "b": "flow"}))
    with pytest.raises(SpecError, match="only models of one input can be timed; this one is I3D"):
        bench({"m": engine}, rounds=1)
