"""What sliding sync and socket connections have sent so far, written behind; a lost row is a reset for its client."""

from collections.abc import Sequence
from typing import NamedTuple

from homeserver.storage.database import Database


class SavedConnection(NamedTuple):
    """A connection of a device and its state, as the engine writes it."""

    device_nid: int
    conn_id: str
    state: bytes


class SyncConnections:
    """Saved states of connections, one per device and connection id."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, device_nid: int, conn_id: str) -> bytes | None:
        """The saved state [1 trip]."""
        state: bytes | None = await self._db.fetchval(
            "SELECT state FROM sync_connections WHERE device_nid = $1 AND conn_id = $2", device_nid, conn_id
        )
        return state

    async def save(self, connections: Sequence[SavedConnection], used_ts: int) -> None:
        """Save states, one for each connection [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO sync_connections (device_nid, conn_id, state, used_ts)
            SELECT u.device_nid, u.conn_id, u.state, $4
              FROM unnest($1::int8[], $2::text[], $3::bytea[]) AS u(device_nid, conn_id, state)
             ORDER BY 1, 2
                ON CONFLICT (device_nid, conn_id) DO UPDATE
               SET state = excluded.state,
                   used_ts = excluded.used_ts
            """,
            [one.device_nid for one in connections],
            [one.conn_id for one in connections],
            [one.state for one in connections],
            used_ts,
        )

    async def delete(self, device_nid: int, conn_id: str) -> None:
        """Forget a connection [1 trip]."""
        await self._db.execute(
            "DELETE FROM sync_connections WHERE device_nid = $1 AND conn_id = $2", device_nid, conn_id
        )

    async def prune(self, before_ts: int) -> int:
        """Forget connections not used since; how many [1 trip]."""
        return await self._db.execute("DELETE FROM sync_connections WHERE used_ts < $1", before_ts)
