"""What is measured: counted where it happens, read by `/metrics`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Set by a server of several processes, before the library is imported: the folder of the counts they share."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Gauges = Callable[[], Mapping[str, tuple[str, float]]]
"""Name → what it says, and its value now. Names that end in `_total` only ever rise."""


class Meters:
    """The counters of a process. `gauges` are read when somebody asks for the metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.checks = Counter(
            "rempart_checks", "Checks answered.", ("asked", "outcome", "verdict"), registry=self.registry
        )
        self.refused = Counter(
            "rempart_checks_failed", "Checks that were not answered.", ("reason",), registry=self.registry
        )
        self.seconds = Histogram(
            "rempart_check_seconds", "From a whole body to its answer.", ("asked",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.gate = Counter("rempart_gate", "Answers of the gate.", ("passage", "verdict"), registry=self.registry)
        self._gauges = _Now()
        self.registry.register(self._gauges)

    def answered(self, asked: str, outcome: str, verdict: str, seconds: float) -> None:
        """Count one answer: `asked` is photo or signals."""
        self.checks.labels(asked, outcome, verdict).inc()
        self.seconds.labels(asked).observe(seconds)

    def passed(self, passage: str, verdict: str) -> None:
        """Count one answer of the gate about a `reference` or an `output`."""
        self.gate.labels(passage, verdict).inc()

    def failed(self, reason: str) -> None:
        """Count one check without an answer."""
        self.refused.labels(reason).inc()

    def watch(self, gauges: Gauges) -> None:
        """Show these values too."""
        self._gauges.sources.append(gauges)

    def text(self) -> bytes:
        """All metrics in Prometheus's text form; of several processes, the counts are those of all together."""
        if SHARED not in os.environ:
            return generate_latest(self.registry)
        counts = CollectorRegistry()
        MultiProcessCollector(counts)  # type: ignore[no-untyped-call]
        gauges = CollectorRegistry()
        gauges.register(self._gauges)
        return generate_latest(counts) + generate_latest(gauges)


class _Now(Collector):
    def __init__(self) -> None:
        self.sources: list[Gauges] = []

    def collect(self) -> list[Metric]:
        found: list[Metric] = []
        for source in self.sources:
            for name, (told, value) in source().items():
                counts = name.endswith("_total")
                made = CounterMetricFamily(name[:-6], told, value=value) if counts else None
                found.append(made or GaugeMetricFamily(name, told, value=value))
        return found
