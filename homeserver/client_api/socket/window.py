"""How much was sent and not acknowledged: with the window full nothing is made, so that nothing has to be queued."""

import asyncio
from collections import deque

DELTAS = 8
BYTES = 1024 * 1024


class Window:
    """The deltas under way, by number and size."""

    def __init__(self) -> None:
        self._sent: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._opened = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._sent) >= DELTAS or self._bytes >= BYTES

    def sent(self, n: int, size: int) -> None:
        """The delta number `n` was sent."""
        self._sent.append((n, size))
        self._bytes += size

    def acked(self, n: int) -> bool:
        """All deltas up to number `n` have arrived; whether that was news."""
        before = len(self._sent)
        while self._sent and self._sent[0][0] <= n:
            self._bytes -= self._sent.popleft()[1]
        self._opened.set()
        return len(self._sent) < before

    async def open(self) -> None:
        """Wait until there is room for a delta."""
        while self.is_full:
            self._opened.clear()
            await self._opened.wait()
