"""Places for transactions on their way: destinations that hang cost the others nothing.

A place in the quick lane is given back after two seconds, answer or not, so whoever is slow for the first time delays
others by a moment at most. Whoever failed several times in a row waits in a lane with its like.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

QUICK: Final = 64
QUICK_S: Final = 2.0
SUSPECT: Final = 32


class Lanes:
    """The two lanes of a process."""

    def __init__(self, *, quick: int = QUICK, quick_s: float = QUICK_S, suspect: int = SUSPECT) -> None:
        self._quick = asyncio.Semaphore(quick)
        self._quick_s = quick_s
        self._suspect = asyncio.Semaphore(suspect)

    @asynccontextmanager
    async def place(self, *, is_suspect: bool) -> AsyncIterator[None]:
        """A place for one transaction, when one is free."""
        if is_suspect:
            async with self._suspect:
                yield
            return
        await self._quick.acquire()
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._quick.release()

        timer = asyncio.get_running_loop().call_later(self._quick_s, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()
