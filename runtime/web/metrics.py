"""Metrics for Prometheus: what the box counts, read when they are asked for, and histograms fed as it goes."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from i3d_edge.core.environment import OWN_NAME, versions
from i3d_edge.runtime.box import Box
from i3d_edge.runtime.outbox import Delivery

_INFERENCE_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5)
_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)

_WINDOWS = {
    "i3d_windows": ("num_windows", "Windows answered"),
    "i3d_windows_dropped": ("num_dropped", "Windows dropped because newer ones came"),
    "i3d_windows_still": ("num_still", "Windows skipped because nothing moved"),
}
_DELIVERY: Mapping[str, tuple[type[CounterMetricFamily | GaugeMetricFamily], str, str]] = {
    "i3d_delivery_waiting": (GaugeMetricFamily, "num_waiting", "Events that wait to be delivered"),
    "i3d_delivery_lost": (CounterMetricFamily, "num_lost", "Events that will never be delivered"),
}


class Metrics:
    """The metrics of one box."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        ProcessCollector(registry=own)
        self.inference = Histogram("i3d_inference_seconds", "Time of an inference", buckets=_INFERENCE_S, registry=own)
        text = "From a window's last frame to its answer"
        self.latency = Histogram("i3d_latency_seconds", text, buckets=_LATENCY_S, registry=own)
        self.events = Counter("i3d_events", "Actions that started", ["camera", "label"], registry=own)
        self.reconnects = Counter("i3d_reconnects", "Sources that came back", ["camera"], registry=own)

    def observe(self, box: Box, model: str, receivers: Mapping[str, Delivery]) -> None:
        """Report a box too; to be called once."""
        self._registry.register(_BoxCollector(box, model, receivers))

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)


class _BoxCollector(Collector):
    def __init__(self, box: Box, model: str, receivers: Mapping[str, Delivery]) -> None:
        self._box, self._model, self._receivers = box, model, receivers

    def collect(self) -> Iterator[Metric]:
        """Read what the box counted."""
        cameras = self._box.cameras()
        for name, (field, text) in _WINDOWS.items():
            counter = CounterMetricFamily(name, text, labels=["camera", "region"])
            for camera, report in cameras.items():
                for region, lane in report.regions.items():
                    counter.add_metric([camera, region or ""], getattr(lane.statistics, field))
            yield counter
        up = GaugeMetricFamily("i3d_source_up", "Whether the source delivers frames", labels=["camera"])
        for camera, report in cameras.items():
            up.add_metric([camera], report.state == "up")
        yield up
        for name, (family, field, text) in _DELIVERY.items():
            metric = family(name, text, labels=["receiver"])
            for receiver, delivery in self._receivers.items():
                metric.add_metric([receiver], getattr(delivery, field))
            yield metric
        engine = self._box.engine
        info = {"model": self._model, "device": engine.device, "precision": engine.precision}
        yield InfoMetricFamily(
            "i3d_build", "What runs", {"version": versions([OWN_NAME]).get(OWN_NAME, "unknown"), **info}
        )
