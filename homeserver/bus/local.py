"""The bus of a server of one process: queues, a dict of states, a dict of buckets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from homeserver.bus.bus import QUEUE_NOTICES, Notice, StateChange

T = TypeVar("T")
MAX_BUCKETS = 100_000


class Mailbox(Generic[T]):
    """Items for one reader. When it does not keep up, the rest is dropped and the reading ends."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._lost = False

    def put(self, item: T) -> None:
        """Add an item, or give the reader up."""
        if self._queue.qsize() >= QUEUE_NOTICES:
            self.end()
        elif not self._lost:
            self._queue.put_nowait(item)

    def end(self) -> None:
        """Nothing comes after what is there."""
        if not self._lost:
            self._lost = True
            self._queue.put_nowait(None)

    async def read(self) -> AsyncIterator[T]:
        """The items, in order."""
        while (item := await self._queue.get()) is not None:
            yield item


class LocalBus:
    """A `Bus` inside one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._readers: set[Mailbox[Notice]] = set()
        self._watchers: dict[Mailbox[StateChange], str] = {}
        self._states: dict[str, tuple[bytes, asyncio.TimerHandle]] = {}
        self._counter = 0
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._epoch = format(time.time_ns(), "x")

    @property
    def epoch(self) -> str:
        return self._epoch

    async def publish(self, first: int, last: int, payload: bytes) -> None:
        for reader in self._readers:
            reader.put(Notice(first, last, payload))

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Notice]]:
        mailbox: Mailbox[Notice] = Mailbox()
        self._readers.add(mailbox)
        try:
            yield mailbox.read()
        finally:
            self._readers.discard(mailbox)

    async def set_state(self, key: str, value: bytes | None, ttl_s: float = 30.0) -> None:
        before = self._states.pop(key, None)
        if before is not None:
            before[1].cancel()
        if value is not None:
            timer = asyncio.get_running_loop().call_later(ttl_s, self._expire, key)
            self._states[key] = (value, timer)
        if value is not None or before is not None:
            self._tell(key, value)

    def _expire(self, key: str) -> None:
        del self._states[key]
        self._tell(key, None)

    def _tell(self, key: str, value: bytes | None) -> None:
        self._counter += 1
        for mailbox, prefix in self._watchers.items():
            if key.startswith(prefix):
                mailbox.put(StateChange(key, value, self._counter))

    async def states(self, prefix: str) -> Mapping[str, bytes]:
        return {key: value for key, (value, _) in self._states.items() if key.startswith(prefix)}

    @asynccontextmanager
    async def watch_state(self, prefix: str) -> AsyncIterator[AsyncIterator[StateChange]]:
        mailbox: Mailbox[StateChange] = Mailbox()
        self._watchers[mailbox] = prefix
        try:
            yield mailbox.read()
        finally:
            del self._watchers[mailbox]

    async def take(self, bucket: str, key: str, n: float, rate: float, burst: float) -> float:
        now = self._monotonic()
        name = (bucket, key)
        tokens, at = self._buckets.get(name, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        if tokens < n:
            return (n - tokens) / rate if rate > 0 else 3600.0
        if len(self._buckets) >= MAX_BUCKETS and name not in self._buckets:
            # The oldest entry is one of the longest untouched: it is moved to the end whenever it is used.
            del self._buckets[next(iter(self._buckets))]
        self._buckets.pop(name, None)
        self._buckets[name] = (tokens - n, now)
        return 0.0

    async def close(self) -> None:
        for reader in self._readers:
            reader.end()
        for watcher in self._watchers:
            watcher.end()
        for _, timer in self._states.values():
            timer.cancel()
        self._states.clear()
