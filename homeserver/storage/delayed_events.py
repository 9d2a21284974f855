"""Events that are to be sent later (MSC4140)."""

from typing import NamedTuple

from homeserver.storage.database import Database, Record


class DelayedEvent(NamedTuple):
    """An event that waits. `content`: JSON; times in ms; `txn`: of the request that asked for it."""

    delay_id: str
    user_id: str
    txn: str
    room_id: str
    type: str
    state_key: str | None
    content: bytes
    delay_ms: int
    running_since_ts: int
    due_ts: int


_SELECT = """
SELECT delay_id, user_id, txn, room_id, type, state_key, content, delay_ms, running_since_ts, due_ts
  FROM delayed_events"""


def _event(row: Record) -> DelayedEvent:
    return DelayedEvent(*row.values())


class DelayedEvents:
    """What waits, until it is sent or called off."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, event: DelayedEvent, most: int) -> str | None:
        """Keep an event; its id, that of the first for a repeated `txn`; None when `most` of the user wait [1 trip]."""
        row = await self._db.write_row(
            """
            WITH known AS (
              SELECT delay_id
                FROM delayed_events
               WHERE user_id = $2
                 AND txn = $3),
            added AS (
              INSERT INTO delayed_events (delay_id, user_id, txn, room_id, type, state_key, content, delay_ms,
                                          running_since_ts, due_ts)
              SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
               WHERE NOT EXISTS (SELECT FROM known)
                 AND (SELECT count(*) FROM delayed_events WHERE user_id = $2) < $11
                  ON CONFLICT (user_id, txn) DO UPDATE
                 SET txn = excluded.txn
              RETURNING delay_id)
            SELECT delay_id FROM known
             UNION ALL
            SELECT delay_id FROM added
            """,
            *event,
            most,
        )
        return row["delay_id"] if row is not None else None

    async def of_user(self, user_id: str) -> list[DelayedEvent]:
        """What waits of a user, the next to be sent first [1 trip]."""
        rows = await self._db.fetch(_SELECT + " WHERE user_id = $1 ORDER BY due_ts", user_id)
        return [_event(row) for row in rows]

    async def read(self, delay_id: str) -> DelayedEvent | None:
        """One event [1 trip]."""
        row = await self._db.fetchrow(_SELECT + " WHERE delay_id = $1", delay_id)
        return _event(row) if row is not None else None

    async def due(self, now_ms: int, limit: int) -> list[DelayedEvent]:
        """What is to be sent now [1 trip]."""
        rows = await self._db.fetch(_SELECT + " WHERE due_ts <= $1 ORDER BY due_ts LIMIT $2", now_ms, limit)
        return [_event(row) for row in rows]

    async def next_due(self) -> int | None:
        """When the next is to be sent [1 trip]."""
        due_ts: int | None = await self._db.fetchval("SELECT min(due_ts) FROM delayed_events")
        return due_ts

    async def restart(self, delay_id: str, now_ms: int) -> bool:
        """Let it wait anew from now on; False when it waits no longer [1 trip]."""
        touched = await self._db.execute(
            "UPDATE delayed_events SET running_since_ts = $2, due_ts = $2 + delay_ms WHERE delay_id = $1",
            delay_id,
            now_ms,
        )
        return touched > 0

    async def make_due(self, delay_id: str) -> bool:
        """Have it sent now; False when it waits no longer [1 trip]."""
        return await self._db.execute("UPDATE delayed_events SET due_ts = 0 WHERE delay_id = $1", delay_id) > 0

    async def put_off(self, delay_id: str, due_ts: int) -> None:
        """Have it sent at another time [1 trip]."""
        await self._db.execute("UPDATE delayed_events SET due_ts = $2 WHERE delay_id = $1", delay_id, due_ts)

    async def delete(self, delay_id: str) -> bool:
        """It is sent, or called off; False when it waited no longer [1 trip]."""
        return await self._db.execute("DELETE FROM delayed_events WHERE delay_id = $1", delay_id) > 0
