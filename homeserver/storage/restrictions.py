"""Mutes that end at a time: what is still to be ended."""

from typing import NamedTuple

from homeserver.storage.database import Database


class Restriction(NamedTuple):
    """Somebody is muted in a room until a time."""

    room_id: str
    user_id: str
    until_ts: int
    set_by: str


class Restrictions:
    """Reads and writes of what is to be ended."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def set(self, one: Restriction) -> None:
        """Note when a mute ends, in place of what was noted [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO restrictions (room_id, user_id, until_ts, set_by)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (room_id, user_id) DO UPDATE
               SET until_ts = excluded.until_ts,
                   set_by = excluded.set_by
            """,
            *one,
        )

    async def delete(self, one: Restriction) -> None:
        """Forget a mute that has ended, unless it was set anew meanwhile [1 trip]."""
        await self._db.execute(
            "DELETE FROM restrictions WHERE room_id = $1 AND user_id = $2 AND until_ts = $3",
            one.room_id,
            one.user_id,
            one.until_ts,
        )

    async def due(self, now: int, limit: int) -> list[Restriction]:
        """Mutes whose time is over, the oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT room_id, user_id, until_ts, set_by
              FROM restrictions
             WHERE until_ts <= $1
             ORDER BY until_ts
             LIMIT $2
            """,
            now,
            limit,
        )
        return [Restriction(*row.values()) for row in rows]
