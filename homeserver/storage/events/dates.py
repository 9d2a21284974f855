"""Events of a room by their time: for jumping to a date. Who may see them is decided elsewhere."""

from homeserver.storage.database import Database

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


class Dates:
    """Reads of events by time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def nearest(self, room_nid: int, ts: int, *, backwards: bool, skip: int, limit: int) -> list[str]:
        """Ids of events at or before a time (backwards) or at or after it, the nearest first [1 trip]."""
        rows = await self._db.fetch(_AT_OR_BEFORE if backwards else _AT_OR_AFTER, room_nid, ts, skip, limit)
        return [row["event_id"] for row in rows]
