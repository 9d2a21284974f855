"""Alarms about text messages: a line in the log, a count, a notice to each admin; every kind once an hour."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.storage.errors import DatabaseDown, DatabaseFull

log = structlog.get_logger()

PAUSE_MS: Final = 3600 * 1000
Kind = Literal["budget_nearly_used", "budget_used", "country_breaker", "prefix_breaker", "provider_down"]
Tell = Callable[[str], Awaitable[None]]
"""Tells the admins. Raises MatrixError."""
_WORDS: Final[dict[Kind, str]] = {
    "budget_nearly_used": "Four fifths of the budget for text messages are used up.",
    "budget_used": "The budget for text messages is used up: nobody gets a code for now.",
    "country_breaker": "Few codes sent to a country come back: it gets none for a day.",
    "prefix_breaker": "Few codes sent to a block of numbers come back: it gets none for a day.",
    "provider_down": "The provider of text messages fails: nobody gets a code for now.",
}


class Alarms:
    """Rings, and tells the admins behind the back of who made it ring."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rang_at: dict[Kind, int] = {}
        self._untold: asyncio.Queue[Kind] = asyncio.Queue()
        self.counts: dict[str, int] = {}
        """How often each kind rang since the start of this process."""

    def ring(self, kind: Kind) -> None:
        """Ring, unless this kind did within the hour."""
        now = self._clock.now_ms()
        if now - self._rang_at.get(kind, -PAUSE_MS) < PAUSE_MS:
            return
        self._rang_at[kind] = now
        self.counts[kind] = self.counts.get(kind, 0) + 1
        log.error("text messages: alarm", kind=kind, words=_WORDS[kind])
        self._untold.put_nowait(kind)

    async def tell_by(self, tell: Tell) -> None:
        """Have the admins told; runs as long as the process."""
        while True:
            kind = await self._untold.get()
            try:
                await tell(_WORDS[kind])
            except (MatrixError, DatabaseDown, DatabaseFull) as error:
                log.warning("the admins were not told of an alarm", alarm=kind, error=type(error).__name__)
