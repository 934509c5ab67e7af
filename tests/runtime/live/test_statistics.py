import pytest

from i3d_edge.runtime.live.statistics import Statistics


def test_a_line_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.statistics.resident_mib", lambda: 321.4)
    statistics = Statistics(started_s=100.0, num_dropped=3, hop_frames=25, num_frames=400)
    assert statistics.summary(100.0) == (
        "0.0 s of stream in 0.0 s: 400 frames, 0 windows (0.00 windows/s), 3 dropped, 0 waiting, hop 25, 321 MiB, "
        "0 actions started, 0 ended, 0 gaps"
    )
    for number in range(2000):
        statistics.answered(900.0 if number == 500 else 40.0)
    statistics.stream_s = 15.0
    statistics.num_started, statistics.num_ended, statistics.num_gaps, statistics.num_damaged = 2, 2, 1, 7
    assert statistics.summary(120.0) == (
        "15.0 s of stream in 20.0 s: 400 frames, 2,000 windows (100.00 windows/s), 3 dropped, 0 waiting, hop 25, "
        "latency p50 40 p95 40 max 900 ms, 321 MiB, 2 actions started, 2 ended, 1 gap, 7 decoding errors"
    )
