"""What goes by itself: created URIs that nothing was uploaded to, old copies, bytes that a crash left without a row."""

from typing import Final

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.providers.hooks import MediaStore
from homeserver.services.media.remote import Cache
from homeserver.storage.media import MediaTable

log = structlog.get_logger()

ROUND_S: Final = 600.0
ROUNDS_A_DAY: Final = 144
LOST_S: Final = 24 * 3600.0
"""Bytes without a row are left alone for so long: the row may be on its way."""
KEYS_AT_ONCE: Final = 500


class Housekeeping:
    """Tidies up. Several processes may do it at once."""

    def __init__(self, table: MediaTable, store: MediaStore, cache: Cache, clock: Clock) -> None:
        self._table = table
        self._store = store
        self._cache = cache
        self._clock = clock

    async def run(self) -> None:
        """A round now and then; runs as long as the process."""
        number = 0
        while True:
            await self._clock.sleep(ROUND_S)
            number += 1
            try:
                await self.tidy()
                if number % ROUNDS_A_DAY == 1:
                    await self.delete_lost()
            except (MatrixError, OSError) as error:
                log.warning("media.tidying_put_off", error=str(error))

    async def tidy(self) -> None:
        """One round."""
        await self._table.delete_expired(self._clock.now_ms())
        await self._cache.trim()

    async def delete_lost(self, older_than_s: float = LOST_S) -> int:
        """Delete bytes that no row leads to; how many files."""
        deleted, keys = 0, list[str]()
        async for key in self._store.keys(older_than_s):
            keys.append(key)
            if len(keys) >= KEYS_AT_ONCE:
                deleted += await self._delete_unknown(keys)
                keys = []
        return deleted + await self._delete_unknown(keys)

    async def _delete_unknown(self, keys: list[str]) -> int:
        lost = set(keys) - await self._table.known_keys(keys)
        for key in lost:
            await self._store.delete(key)
        return len(lost)
