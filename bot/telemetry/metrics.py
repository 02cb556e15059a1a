"""Metrics in a registry of their own, moved by the facts of events (bot/telemetry/events.py)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.telemetry.events import EVENTS, Counts, Holds, Meter, Row, Times
from bot.telemetry.plain import printed

_PREFIX: Final = "flux_bot_"
_LABEL_LENGTH: Final = 60
_LABEL_SETS: Final = 500
"""Labels come from closed sets; should one not, a metric stops growing here and counts on as `other`."""


class Metrics:
    """Every metric of the table; those without labels stand at 0 from the start."""

    def __init__(self, version: str, events: Mapping[str, Row] = EVENTS) -> None:
        self._registry = CollectorRegistry()
        self._events = events
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._labels: dict[str, set[tuple[str, ...]]] = {}
        self._any = Counter(f"{_PREFIX}events", "Events by name.", ("event",), registry=self._registry)
        self._failures = Counter(
            f"{_PREFIX}failures", "Things nobody foresaw, by event.", ("event",), registry=self._registry
        )
        info = Gauge(f"{_PREFIX}info", "The version that runs.", ("version",), registry=self._registry)
        info.labels(version).set(1)
        ProcessCollector(registry=self._registry)
        for row in events.values():
            for meter in row.meters:
                self._make(meter)

    def record(self, event: str, facts: Mapping[str, object]) -> None:
        """Moves what the event's row names. A fact that is missing, or no number, moves nothing."""
        self._any.labels(*self._bounded("events", (_label(event),))).inc()
        for meter in self._events.get(event, Row()).meters:
            self._move(meter, facts)

    def broke(self, event: str) -> None:
        self._failures.labels(*self._bounded("failures", (_label(event),))).inc()

    def exposition(self) -> tuple[str, bytes]:
        """Content type and body, in the text format that Prometheus scrapes."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def _make(self, meter: Meter) -> None:
        name = _PREFIX + meter.name
        match meter:
            case Counts() if meter.name not in self._counters:
                counter = Counter(name, meter.text, meter.labels, registry=self._registry)
                self._counters[meter.name] = counter
            case Times(buckets=buckets) if meter.name not in self._histograms:
                bounds = buckets or Histogram.DEFAULT_BUCKETS
                histogram = Histogram(name, meter.text, meter.labels, buckets=bounds, registry=self._registry)
                self._histograms[meter.name] = histogram
            case Holds() if meter.name not in self._gauges:
                self._gauges[meter.name] = Gauge(name, meter.text, meter.labels, registry=self._registry)
            case Counts() | Times() | Holds():
                pass  # two events move one metric
            case _:
                assert_never(meter)

    def _move(self, meter: Meter, facts: Mapping[str, object]) -> None:
        labels = self._bounded(meter.name, tuple(_label(facts.get(label, "")) for label in meter.labels))
        match meter:
            case Counts(by=by):
                if (amount := _number(facts.get(by)) if by else 1.0) is not None and amount >= 0:
                    counter = self._counters[meter.name]
                    (counter.labels(*labels) if labels else counter).inc(amount)
            case Times():
                if (seconds := _number(facts.get("seconds"))) is not None:
                    histogram = self._histograms[meter.name]
                    (histogram.labels(*labels) if labels else histogram).observe(seconds)
            case Holds(by=by, to=to):
                if (value := _number(facts.get(by)) if by else to) is not None:
                    gauge = self._gauges[meter.name]
                    (gauge.labels(*labels) if labels else gauge).set(value)
            case _:
                assert_never(meter)

    def _bounded(self, name: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        known = self._labels.setdefault(name, set())
        if labels in known or len(known) < _LABEL_SETS:
            known.add(labels)
            return labels
        return tuple("other" for _ in labels)


def _label(value: object) -> str:
    text = value.name.lower() if isinstance(value, Enum) else printed(value)
    return text.encode("utf-8", "replace").decode()[:_LABEL_LENGTH]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
