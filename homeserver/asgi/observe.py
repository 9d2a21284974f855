"""The request log and metrics: one line and one observation per request, by route pattern, never by query."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from homeserver.asgi.request import Request

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


class _Durations:
    """How many requests of one route took how long."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(_SECONDS) + 1)
        self.total_s = 0.0


class Counts(Collector):
    """A counter that is kept elsewhere, in plain numbers by label."""

    def __init__(
        self, registry: CollectorRegistry, name: str, text: str, label: str, read: Callable[[], Mapping[str, int]]
    ) -> None:
        self._name, self._text, self._label = name, text, label
        self._read = read
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The metric, for the registry."""
        counter = CounterMetricFamily(self._name, self._text, labels=[self._label])
        for kind, count in self._read().items():
            counter.add_metric([kind], count)
        return [counter]


class RequestObserver(Collector):
    """Writes the line and counts the request.

    Counts in plain numbers, which the metrics' own classes with their locks made a tenth of a small request.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = structlog.get_logger("http").bind()
        self._is_logging: bool = self._log.is_enabled_for(logging.INFO)
        self._durations: dict[tuple[str, str], _Durations] = {}
        self._answers: dict[int, int] = {}
        self._open = 0
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The metrics, for the registry."""
        seconds = HistogramMetricFamily(
            "hearth_request_seconds",
            "Time from the head of a request to the end of its answer",
            labels=["method", "route"],
        )
        for (method, route), durations in self._durations.items():
            below, buckets = 0, []
            for bound, count in zip((*map(str, _SECONDS), "+Inf"), durations.counts, strict=True):
                below += count
                buckets.append((bound, float(below)))
            seconds.add_metric([method, route], buckets=buckets, sum_value=durations.total_s)
        answers = CounterMetricFamily("hearth_answers", "Answers by status", labels=["status"])
        for status, count in self._answers.items():
            answers.add_metric([str(status)], count)
        return [seconds, answers, GaugeMetricFamily("hearth_open_requests", "Requests being answered", self._open)]

    def began(self) -> None:
        """A request came in."""
        self._open += 1

    def ended(self, request: Request, status: int, size: int, seconds: float) -> None:
        """A request was answered with `status`, or 499 if its client had gone."""
        self._open -= 1
        key = (request.method, request.pattern)
        durations = self._durations.get(key)
        if durations is None:
            durations = self._durations[key] = _Durations()
        durations.counts[bisect_left(_SECONDS, seconds)] += 1
        durations.total_s += seconds
        self._answers[status] = self._answers.get(status, 0) + 1
        if self._is_logging:
            self._log.info(
                "request",
                id=request.id,
                method=request.method,
                route=request.pattern,
                status=status,
                ms=round(seconds * 1000, 1),
                bytes=size,
                ip=request.ip,
                user=request.user,
            )
