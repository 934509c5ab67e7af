import numpy as np
import pytest

from i3d_edge.runtime.live.statistics import Latencies, Statistics


def test_percentiles_are_exact_to_two_per_cent() -> None:
    values = np.random.default_rng(0).lognormal(4, 1, 20_000)
    latencies = Latencies()
    for value in values:
        latencies.add(float(value))
    for percent in (50, 95, 99):
        assert latencies.percentile_ms(percent) == pytest.approx(np.percentile(values, percent), rel=0.025)
    assert latencies.max_ms == values.max()
    assert latencies.percentile_ms(100) == latencies.max_ms
    assert len(latencies._bins) < 600


@pytest.mark.parametrize(("values", "expected"), [([], 0), ([5.0], 5.0), ([0.0], 0.0)])
def test_few_latencies(values: list[float], expected: float) -> None:
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    assert latencies.percentile_ms(95) == expected


def test_lines_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.statistics.resident_mib", lambda: 321.4)
    statistics = Statistics(started_s=100.0, num_windows=20, stream_s=10.0, hop_frames=25)
    assert statistics.line(110.0) == "10.0 s: 2.00 windows/s, 0 dropped, 0 waiting, hop 25, 321 MiB"
    statistics.num_windows, statistics.num_dropped, statistics.stream_s = 25, 3, 15.0
    statistics.latencies.add(40.0)
    assert statistics.line(115.0) == (
        "15.0 s: 1.00 windows/s, 3 dropped, 0 waiting, hop 25, latency p50 40 p95 40 max 40 ms, 321 MiB"
    )
    statistics.num_frames, statistics.num_started, statistics.num_ended, statistics.num_gaps = 400, 2, 2, 1
    assert statistics.summary(120.0) == (
        "15.0 s of stream in 20.0 s: 400 frames, 25 windows (1.25 windows/s), 3 dropped, 0 waiting, hop 25, "
        "latency p50 40 p95 40 max 40 ms, 321 MiB, 2 actions started, 2 ended, 1 gap"
    )
    statistics.num_damaged = 7
    assert statistics.summary(120.0).endswith(", 1 gap, 7 decoding errors")
