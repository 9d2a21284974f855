"""How late the event loop comes to what is due: whatever holds it up holds everybody up.

A metric only, and only where metrics are on.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

PERIOD_S: Final = 0.02
BOUNDS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0)


class LoopWatch(Collector):
    """Sleeps again and again, and counts by how much too late it wakes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._total_s = 0.0
        self._longest_s = 0.0
        registry.register(self)

    async def run(self) -> None:
        """Watch; runs as long as the process."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            late = max(0.0, loop.time() - due)
            self._counts[bisect_left(BOUNDS_S, late)] += 1
            self._total_s += late
            self._longest_s = max(self._longest_s, late)

    def collect(self) -> Iterable[Metric]:
        """The metrics, for the registry; the longest wait counts anew from here."""
        late = HistogramMetricFamily("hearth_loop_late_seconds", "By how much the event loop came too late")
        below, buckets = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self._counts, strict=True):
            below += count
            buckets.append((bound, float(below)))
        late.add_metric([], buckets=buckets, sum_value=self._total_s)
        longest = GaugeMetricFamily(
            "hearth_loop_latest_seconds", "The longest of these since this was read last", self._longest_s
        )
        self._longest_s = 0.0
        return [late, longest]
