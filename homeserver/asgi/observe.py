"""The request log and metrics: one line and one observation per request, by route pattern, never by query."""

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from homeserver.asgi.request import Request

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)


class RequestObserver:
    """Writes the line and counts the request."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = structlog.get_logger("http")
        self._seconds = Histogram(
            "hearth_request_seconds",
            "Time from the head of a request to the end of its answer",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._answers = Counter("hearth_answers", "Answers by status", ["status"], registry=registry)
        self._open = Gauge("hearth_open_requests", "Requests being answered", registry=registry)
        self._children: dict[tuple[str, str], Histogram] = {}
        self._statuses: dict[int, Counter] = {}

    def began(self) -> None:
        """A request came in."""
        self._open.inc()

    def ended(self, request: Request, status: int, size: int, seconds: float) -> None:
        """A request was answered with `status`, or 499 if its client had gone."""
        self._open.dec()
        key = (request.method, request.pattern)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._seconds.labels(*key)
        child.observe(seconds)
        counter = self._statuses.get(status)
        if counter is None:
            counter = self._statuses[status] = self._answers.labels(str(status))
        counter.inc()
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
