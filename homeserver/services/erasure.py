"""Who asked to be erased when they closed their account: what they sent is shown only to those who had it already.

Spec: Client-Server API, POST /account/deactivate.
"""

import asyncio

from homeserver.clock import Clock
from homeserver.services.visibility import Visibility
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.rows import RevocationRow, Row
from homeserver.storage.users import Users

RETRY_S = 1.0


class Erasure:
    """Keeps the list that `Visibility` goes by; it may be late by the moment that reading it takes."""

    def __init__(self, users: Users, visibility: Visibility, clock: Clock) -> None:
        self._users = users
        self._visibility = visibility
        self._clock = clock
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Read the list; to be called before anything is served [1 trip]."""
        self._visibility.hide_erased(frozenset(await self._users.erased()))

    def apply(self, row: Row) -> None:
        """Follow the stream: an account may have been closed."""
        if isinstance(row, RevocationRow) and row.kind == "user":
            self._changed.set()

    async def run(self) -> None:
        """Read the list anew after each such change; runs as long as the process."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.start()
            except (DatabaseDown, DatabaseFull):
                await self._clock.sleep(RETRY_S)
                self._changed.set()
