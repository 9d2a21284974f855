"""The metric of the event loop sees what holds it up."""

import asyncio
import time

from prometheus_client import CollectorRegistry

from homeserver.asgi.loop_watch import LoopWatch


def told(registry: CollectorRegistry) -> dict[str, float]:
    """What is told at one reading."""
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return {sample.name + sample.labels.get("le", ""): sample.value for sample in samples}


async def test_what_holds_the_loop_up_is_counted_and_the_longest_is_told_once() -> None:
    registry = CollectorRegistry()
    watching = asyncio.ensure_future(LoopWatch(registry).run())
    await asyncio.sleep(0)
    time.sleep(0.3)
    await asyncio.sleep(0.05)
    first, again = told(registry), told(registry)
    watching.cancel()
    assert first["hearth_loop_late_seconds_bucket+Inf"] > first["hearth_loop_late_seconds_bucket0.25"]
    assert (first["hearth_loop_latest_seconds"] > 0.25, again["hearth_loop_latest_seconds"]) == (True, 0.0)
