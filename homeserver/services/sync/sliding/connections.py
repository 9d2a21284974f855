"""The sliding connections of this process: in memory, written behind, read again after a restart.

Spec: MSC4186; docs/realtime.md. A connection that cannot be found is a reset for its client.
"""

import asyncio
from collections import OrderedDict

import structlog

from homeserver.clock import Clock, Rng
from homeserver.services.requester import Requester
from homeserver.services.sync.sliding.connection import Connection
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.sync_connections import SavedConnection, SyncConnections

log = structlog.get_logger()

WRITE_EVERY_S = 5.0
AT_ONCE = 100
IN_MEMORY = 50_000
IDLE_S = 900.0
KEPT_MS = 30 * 24 * 3600 * 1000
PRUNE_EVERY = 720
Key = tuple[int, int, str]


class Connections:
    """Finds and begins connections."""

    def __init__(self, table: SyncConnections, clock: Clock, rng: Rng, *, per_device: int = 3) -> None:
        self._table = table
        self._clock = clock
        self._rng = rng
        self._per_device = per_device
        self._open: OrderedDict[Key, Connection] = OrderedDict()

    def known(self, requester: Requester, conn_id: str) -> Connection | None:
        """The connection if it is in memory."""
        return self._open.get(_key(requester, conn_id))

    async def find(self, requester: Requester, conn_id: str) -> Connection | None:
        """The connection if anything is known of it [0 trips in memory, 1 else]."""
        key = _key(requester, conn_id)
        connection = self._open.get(key)
        if connection is None and requester.device_nid is not None:
            saved = await self._table.read(requester.device_nid, conn_id)
            if saved is not None:
                connection = Connection.load(saved, requester.user_id, requester.device_nid, conn_id)
                if connection is not None:
                    connection = self._open.setdefault(key, connection)
        if connection is not None:
            connection.used_at = self._clock.monotonic()
            self._open.move_to_end(key)
        return connection

    def begin(self, requester: Requester, conn_id: str) -> Connection:
        """A connection from nothing, in place of the one of this name; a device has only so many."""
        number = int.from_bytes(self._rng.bytes(6), "big")
        key = _key(requester, conn_id)
        older = self._open.pop(key, None)
        if older is not None:
            older.take()
        connection = self._open[key] = Connection(number, requester.user_id, requester.device_nid or 0, conn_id)
        connection.used_at = self._clock.monotonic()
        same_device = [other for other in self._open if other[:2] == key[:2]] if len(self._open) > 1 else []
        for other in same_device[: -self._per_device]:
            self._open.pop(other).take()
        if len(self._open) > IN_MEMORY:
            self._open.popitem(last=False)
        return connection

    async def run(self) -> None:
        """Write behind what changed; runs as long as the process."""
        rounds = 0
        while True:
            await self._clock.sleep(WRITE_EVERY_S)
            try:
                await self._tidy()
                if rounds % PRUNE_EVERY == 0:
                    await self._table.prune(self._clock.now_ms() - KEPT_MS)
            except (DatabaseDown, DatabaseFull):
                log.warning("sync.connections_not_written")
            rounds += 1

    async def _tidy(self) -> None:
        await self.write()
        horizon = self._clock.monotonic() - IDLE_S
        for key, connection in list(self._open.items()):
            if connection.used_at < horizon and not connection.is_dirty and not connection.lock.locked():
                self._open.pop(key, None)

    async def write(self) -> None:
        """Write all that changed [0 trips for nothing, 1 for each hundred]."""
        dirty = [one for one in self._open.values() if one.is_dirty and one.device_nid]
        for batch in (dirty[n : n + AT_ONCE] for n in range(0, len(dirty), AT_ONCE)):
            saved = [SavedConnection(one.device_nid, one.conn_id, one.dump()) for one in batch]
            try:
                await self._table.save(saved, self._clock.now_ms())
            except (DatabaseDown, DatabaseFull, asyncio.CancelledError):
                for connection in batch:
                    connection.is_dirty = True
                raise


def _key(requester: Requester, conn_id: str) -> Key:
    return requester.user_nid, requester.device_nid or 0, conn_id
