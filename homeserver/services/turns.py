"""Taking turns within this process: one at a time for each name, and long lists by slices.

Not for: locks between processes (`storage.leases`).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = 50
"""Events whose reading takes some 10 ms."""


class Turns:
    """Locks by name that go away with their last user."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[bool]:
        """Wait for the name's turn, and hold it. Yields whether somebody had it before."""
        has_waited = name in self._locks  # a lock that was let go is not held before the next one wakes up
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._users[name] = self._users.get(name, 0) + 1
        try:
            async with lock:
                yield has_waited
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._locks[name]


async def slices(items: Sequence[T], size: int = SLICE) -> AsyncIterator[Sequence[T]]:
    """The items in portions, with a turn for everybody else on the loop between two of them."""
    for start in range(0, len(items), size):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + size]
