"""What Prometheus reads, and whether the box goes on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from fake_box import Connect, FakeBox, event
from prometheus_client.parser import text_string_to_metric_families

from i3d_edge.runtime.web import WebSink


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return each sample's value by its name and the values of its labels."""
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_metrics_are_what_the_box_counts(connect: Connect, box: FakeBox, sink: WebSink) -> None:
    box.put("door", regions={"left": box.answer(), None: None})
    box.put("yard", state="down", reason="it does not answer")
    sink.answered(replace(box.answer(), inference_ms=300.0))
    for kind in ("start", "update", "end", "gap"):
        sink.happened(event(kind))
    for state in ("connecting", "up", "down", "up"):
        sink.changed("door", state, None)
    client = connect(receivers={"mqtt": SimpleNamespace(num_waiting=5, num_lost=2)})
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    expected = {
        ("i3d_windows_total", "door", "left"): 12,
        ("i3d_windows_dropped_total", "door", ""): 3,
        ("i3d_windows_still_total", "yard", ""): 4,
        ("i3d_inference_seconds_sum",): 0.3,
        ("i3d_latency_seconds_count",): 1,
        ("i3d_latency_seconds_bucket", "0.5"): 1,
        ("i3d_latency_seconds_bucket", "0.25"): 0,
        ("i3d_source_up", "door"): 1,
        ("i3d_source_up", "yard"): 0,
        ("i3d_reconnects_total", "door"): 1,
        ("i3d_events_total", "door", "red"): 1,
        ("i3d_delivery_waiting", "mqtt"): 5,
        ("i3d_delivery_lost_total", "mqtt"): 2,
    }
    assert {key: found.get(key) for key in expected} == expected
    [build] = [key for key in found if key[0] == "i3d_build_info"]
    assert {"tiny", "CPU", box.engine.precision} <= set(build)
    assert found["process_resident_memory_bytes",] > 0


def test_health_is_that_turns_go_on(connect: Connect, box: FakeBox) -> None:
    client = connect()
    assert client.get("/healthz").status_code == 200
    box.turned_s -= 29
    assert client.get("/healthz").status_code == 200
    box.turned_s -= 2
    assert client.get("/healthz").status_code == 503


@pytest.mark.parametrize("path", ["/readyz", "/v2/health/ready"])
def test_readiness_is_the_box_s(connect: Connect, box: FakeBox, path: str) -> None:
    client = connect()
    assert client.get(path).status_code == 200
    box.is_ready = False
    assert client.get(path).status_code == 503
