"""Events of a room by their time: for jumping to a date. Who may see them is decided elsewhere."""

from collections.abc import Collection

from homeserver.storage.database import Database
from homeserver.storage.rows import TxnKey

_AT_OR_BEFORE = """
SELECT event_id
  FROM events
 WHERE room_nid = $1
   AND ts <= $2
   AND room_position IS NOT NULL
 ORDER BY ts DESC, room_position DESC
OFFSET $3
 LIMIT $4"""
_AT_OR_AFTER = """
SELECT event_id
  FROM events
 WHERE room_nid = $1
   AND ts >= $2
   AND room_position IS NOT NULL
 ORDER BY ts, room_position
OFFSET $3
 LIMIT $4"""

_WRITTEN_SINCE = """
SELECT events.ts, events.body, txns.user_nid, txns.device_nid, txns.path_hash, txns.txn_id
  FROM events
  LEFT JOIN client_txns txns ON txns.event_nid = events.event_nid
 WHERE events.room_nid = $1
   AND events.ts > $2
   AND events.room_position IS NOT NULL
   AND events.sender = $3
   AND events.type = ANY ($4)
 ORDER BY events.ts DESC
 LIMIT $5"""


class Dates:
    """Reads of events by time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def nearest(self, room_nid: int, ts: int, *, backwards: bool, skip: int, limit: int) -> list[str]:
        """Ids of events at or before a time (backwards) or at or after it, the nearest first [1 trip]."""
        rows = await self._db.fetch(_AT_OR_BEFORE if backwards else _AT_OR_AFTER, room_nid, ts, skip, limit)
        return [row["event_id"] for row in rows]

    async def written_since(
        self, room_nid: int, sender: str, types: Collection[str], since: int, limit: int
    ) -> list[tuple[int, bytes, TxnKey | None]]:
        """Time, body and transaction of what somebody wrote in a room after a time, the newest first [1 trip]."""
        rows = await self._db.fetch(_WRITTEN_SINCE, room_nid, since, sender, list(types), limit)
        return [
            (ts, body, TxnKey(*txn) if txn[0] is not None else None)
            for ts, body, *txn in (row.values() for row in rows)
        ]
